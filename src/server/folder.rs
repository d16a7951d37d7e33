//! The data folder and what lies in it, kept to the program's own user: names,
//! addresses, and the secrets of webhooks and channels are in it.
//!
//! A folder that is made is for its owner alone, and so are its files. One that is
//! there and that everybody may enter, as a plain `mkdir` leaves it, is closed if
//! nothing else lies in it. Where somebody has closed it to all but its group, that was
//! done on purpose: the group keeps what the folder lets it, and its files follow that.

use std::{
    io::{self, Write as _},
    path::Path,
};

/// What the program keeps in its folder, by how the names begin.
const OURS: [&str; 4] = ["orders.db", "access.db", "lock", "tls"];

/// Makes `folder`, or closes one that is there to whoever has nothing to do with it.
///
/// # Errors
/// It cannot be made.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    if !folder.exists() {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        return builder.create(folder);
    }
    // Whoever cannot be told a permission goes on without: the disk may have none.
    if let Err(error) = close(folder) {
        tracing::warn!(error = %error, "folder.open: others may look into the data folder");
    }
    // A link that leads nowhere, or a file, is refused as ever.
    std::fs::create_dir_all(folder)
}

/// Tells whoever runs a command that it made `folder`: the name may be mistyped, and what
/// is kept there is of use to no server then. Not on standard output, which scripts read.
pub(super) fn tell_that_new(folder: &Path) {
    let folder = folder.display();
    let _ = writeln!(
        io::stderr(),
        "live-orders: {folder} is a new data folder, which no server has used yet"
    );
}

/// Brings the names in `folder` to the disk: what was made or renamed in it is there after
/// a failure of power.
///
/// # Errors
/// The system's.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    // Elsewhere a folder cannot be opened, and need not be.
    if cfg!(unix) { std::fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Lets the group use `file`, which was made just now in the data folder `folder`, where
/// it was given the folder on purpose. What SQLite keeps beside it follows.
pub(super) fn share_file(folder: &Path, file: &str) {
    if let Err(error) = share(folder, &folder.join(file)) {
        tracing::warn!(error = %error, file, "folder.open: the group cannot use a file");
    }
}

/// Takes from `file` in the data folder `folder`, and from what SQLite keeps beside it,
/// what nobody else should have.
pub(super) fn close_file(folder: &Path, file: &str) {
    let closed = || -> io::Result<()> {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            close_one(folder, &folder.join([file, suffix].concat()))?;
        }
        Ok(())
    };
    if let Err(error) = closed() {
        tracing::warn!(error = %error, file, "folder.open: others may look into a file");
    }
}

#[cfg(unix)]
mod modes {
    use std::{
        fs::{self, Permissions},
        io,
        os::unix::fs::PermissionsExt as _,
        path::Path,
    };

    const OTHERS: u32 = 0o007;
    const GROUP: u32 = 0o070;
    /// Everybody may put files into such a folder: it belongs to nobody.
    const STICKY: u32 = 0o1000;

    pub(super) fn close(folder: &Path) -> io::Result<()> {
        let mode = mode(folder)?;
        if mode & OTHERS == 0 || mode & STICKY != 0 {
            return Ok(());
        }
        for entry in fs::read_dir(folder)? {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            if !super::OURS.iter().any(|ours| name.starts_with(ours)) {
                return Ok(());
            }
        }
        set(folder, mode & !(OTHERS | GROUP))
    }

    pub(super) fn share(folder: &Path, file: &Path) -> io::Result<()> {
        set(file, 0o600 | group(folder)? & 0o060)
    }

    pub(super) fn close_one(folder: &Path, file: &Path) -> io::Result<()> {
        match mode(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(mode) => {
                let closed = mode & (0o600 | (group(folder)? & 0o060));
                if closed == mode & 0o777 { Ok(()) } else { set(file, closed) }
            }
        }
    }

    /// What the group of `folder` may do with it, where it was given that on purpose.
    fn group(folder: &Path) -> io::Result<u32> {
        let mode = mode(folder)?;
        Ok(if mode & OTHERS == 0 { mode & GROUP } else { 0 })
    }

    fn mode(path: &Path) -> io::Result<u32> {
        Ok(fs::metadata(path)?.permissions().mode() & 0o7777)
    }

    fn set(path: &Path, mode: u32) -> io::Result<()> {
        fs::set_permissions(path, Permissions::from_mode(mode))
    }
}

#[cfg(unix)]
use modes::{close, close_one, share};

#[cfg(not(unix))]
fn close(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn share(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn close_one(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::{
        fs::{self, Permissions},
        os::unix::fs::PermissionsExt as _,
    };

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    /// A folder and a file in it as they were left, and as they are after a start.
    #[track_caller]
    fn after(folder_mode: u32, file_mode: u32, beside: Option<&str>) -> (u32, u32) {
        let above = tempfile::tempdir().expect("a folder");
        let folder = above.path().join("data");
        fs::create_dir(&folder).expect("made");
        let file = folder.join("orders.db-wal");
        fs::write(&file, "").expect("written");
        fs::set_permissions(&file, Permissions::from_mode(file_mode)).expect("set");
        if let Some(beside) = beside {
            fs::write(folder.join(beside), "").expect("written");
        }
        fs::set_permissions(&folder, Permissions::from_mode(folder_mode)).expect("set");
        make(&folder).expect("a folder");
        close_file(&folder, "orders.db");
        let made = folder.join("access.db");
        fs::write(&made, "").expect("written");
        share_file(&folder, "access.db");
        let shared = if folder_mode.is_multiple_of(0o10) { folder_mode & 0o060 } else { 0 };
        assert_eq!(mode(&made), 0o600 | shared);
        (mode(&folder), mode(&file))
    }

    #[test]
    fn what_is_made_is_for_its_owner_alone() {
        let above = tempfile::tempdir().expect("a folder");
        let folder = above.path().join("a").join("data");
        make(&folder).expect("made");
        fs::write(folder.join("orders.db"), "").expect("written");
        share_file(&folder, "orders.db");
        assert_eq!((mode(&folder), mode(&folder.join("orders.db"))), (0o700, 0o600));
        close_file(&folder, "lock");
        assert!(!folder.join("lock").exists());
    }

    #[test]
    fn what_is_open_by_default_is_closed_and_what_is_shared_on_purpose_stays_so() {
        assert_eq!(after(0o755, 0o644, None), (0o700, 0o600));
        assert_eq!(after(0o777, 0o666, Some("tls")), (0o700, 0o600));
        assert_eq!(after(0o700, 0o644, None), (0o700, 0o600));
        assert_eq!(after(0o750, 0o644, None), (0o750, 0o640));
        assert_eq!(after(0o770, 0o664, None), (0o770, 0o660));
        // Somebody else's things are in it: it stays, and the file is closed.
        assert_eq!(after(0o755, 0o644, Some("photos")), (0o755, 0o600));
    }
}
