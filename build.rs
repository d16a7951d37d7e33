//! Two things that Cargo cannot be told in its manifest.

use std::{env, fs, path::PathBuf};

/// The browser's module, an example target; see Cargo.toml.
const MODULE: &str = "board_module.wasm";

fn main() {
    // The server embeds what is built of the front end: when a file is added
    // there, it is compiled anew. (Without optimisation it reads the disk.)
    let embeds = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if embeds && env::var_os("CARGO_FEATURE_SSR").is_some() {
        println!("cargo:rerun-if-changed=target/site");
    }
    println!("cargo:rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_HYDRATE").is_some() {
        link_module();
    }
}

/// cargo-leptos looks for the module where libraries are put; Cargo puts an
/// example into a folder of its own. A link leads from one to the other.
fn link_module() {
    let Some(out) = env::var_os("OUT_DIR").map(PathBuf::from) else { return };
    // <target>/<triple>/<profile>/build/<package>/out
    let Some(profile) = out.ancestors().nth(3) else { return };
    let link = profile.join(MODULE);
    let _ = fs::remove_file(&link);
    #[cfg(unix)]
    if let Err(error) = std::os::unix::fs::symlink(PathBuf::from("examples").join(MODULE), &link) {
        println!("cargo:warning=cannot link {}: {error}", link.display());
    }
}
