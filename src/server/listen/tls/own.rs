//! A certificate authority of our own, for a network where nobody else signs.
//!
//! Devices trust its certificate once and for ten years; what it signs for this
//! machine is made anew before its end, or when the machine gets another name.
//! Its key never leaves the data folder, and what it can sign is bound: servers alone
//! (its extended key usage), under names and addresses of a local network and those
//! that the configuration named when it was made, and for no e-mail address. Whoever
//! steals the key cannot stand in for a bank, and signs no mail, program or client that
//! a device which checks the usage of the whole chain takes. What a certificate calls
//! its holder is not bound: TLS libraries that know no rules for such names (this
//! program's is one) refuse whatever is signed under one. An authority of an earlier
//! version is bound in names of hosts and addresses only, for as long as it lasts.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, bail};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use sha2::{Digest as _, Sha256};
use tokio_rustls::rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
    pki_types::{
        CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime,
        pem::PemObject as _,
    },
    sign::CertifiedKey,
};

use super::{
    PROVIDER,
    files::Files,
    names::of_this_machine,
    validity::{self, DAY_S},
};
use crate::server::folder;

/// How long the authority is valid.
const CA_DAYS: i64 = 3652;
/// How long before its end another one is made: whoever starts the program in
/// its last year is told in time to have devices trust it.
const CA_LEFT_DAYS: i64 = 60;
/// How long a server's certificate is valid, with the day before it was made.
/// Browsers take no more than 398 days.
const SERVER_DAYS: i64 = 396;
/// How long before its end it is made anew.
const SERVER_LEFT_DAYS: u64 = 30;

/// Names that are remembered to have been tried.
const MOST_TRIED: usize = 64;

/// Where an authority is made, and where it lies whole until it is put in its place.
const MAKING: &str = "new";
const MADE: &str = "made";
/// The authority's certificate and its key.
const CA_CERT: &str = "ca.crt";
const CA_KEY: &str = "ca.key";
/// No e-mail address can be at this host.
const NO_MAIL: &str = "mail.invalid";

/// Names that mean something in a local network only.
const LOCAL_NAMES: [&str; 5] = ["localhost", "local", "lan", "internal", "home.arpa"];
/// Addresses that do.
const LOCAL_NETWORKS: [([u8; 4], u8); 6] = [
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 168, 0, 0], 16),
];

/// What a device needs to trust the authority.
#[derive(Clone, Debug)]
pub struct Trusted {
    /// The authority's certificate.
    pub pem: String,
    /// The SHA-256 of its DER, in hexadecimal, byte by byte.
    pub fingerprint: String,
}

/// The authority.
#[derive(Debug)]
pub struct OwnCa {
    folder: PathBuf,
    /// Names that the configuration gives this machine.
    configured: Vec<String>,
    certificate: CertificateDer<'static>,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
    verifier: Arc<WebPkiServerVerifier>,
    /// Names that were tried, and whether it may sign for them.
    tried: Mutex<HashMap<String, bool>>,
}

impl OwnCa {
    /// The authority that is kept in `folder`; it is made where there is none.
    ///
    /// # Errors
    /// One line: it cannot be read or made, or is not allowed to sign for one of
    /// the `configured` names.
    pub fn open(folder: &Path, configured: &[String]) -> anyhow::Result<Self> {
        let shown = folder.display();
        make_folder(folder).with_context(|| format!("cannot make the folder {shown}"))?;
        put_in_place(folder)
            .with_context(|| format!("cannot keep a certificate authority in {shown}"))?;
        let (cert, key) = (folder.join(CA_CERT), folder.join(CA_KEY));
        match (cert.exists(), key.exists()) {
            (true, true) => {}
            (false, false) => make(folder, configured)?,
            (has_cert, _) => {
                let (is, is_not) = if has_cert { ("crt", "key") } else { ("key", "crt") };
                bail!(
                    "{shown} holds ca.{is} and no ca.{is_not}; bring that back, or remove the \
                     folder for a new authority, which devices then have to trust"
                )
            }
        }
        let opened = Self::read(folder, configured)
            .with_context(|| format!("cannot use the certificate authority in {shown}"))?;
        let opened = if opened.days_left() < CA_LEFT_DAYS {
            tracing::warn!("tls.ca.ends: a new one is made, which devices have to trust");
            make(folder, configured)?;
            Self::read(folder, configured)?
        } else {
            opened
        };
        for name in configured {
            if !opened.may_sign(name) {
                bail!(
                    "tls.names has {name}, which the authority in {shown} was not made for; remove \
                     the folder for a new one, which devices then have to trust"
                );
            }
        }
        Ok(opened)
    }

    fn read(folder: &Path, configured: &[String]) -> anyhow::Result<Self> {
        let pem = fs::read_to_string(folder.join(CA_CERT)).context(CA_CERT)?;
        let key = fs::read_to_string(folder.join(CA_KEY)).context(CA_KEY)?;
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|error| anyhow::anyhow!("ca.crt: {error}"))?;
        let key = KeyPair::from_pem(&key).context("ca.key")?;
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).context("ca.crt")?;
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&PROVIDER))
                .build()
                .context("ca.crt")?;
        let issuer = Issuer::new(authority(&key, configured), key);
        let folder = folder.to_owned();
        let configured = configured.to_owned();
        let tried = Mutex::default();
        let opened = Self { folder, configured, certificate, pem, issuer, verifier, tried };
        if !opened.may_sign("localhost") {
            bail!("ca.crt and ca.key do not belong together");
        }
        Ok(opened)
    }

    fn days_left(&self) -> i64 {
        let end = validity::ends_at(&self.certificate).unwrap_or_default();
        (end - Timestamp::now().as_second()) / DAY_S
    }

    /// What a device needs to trust it.
    #[must_use]
    pub fn trusted(&self) -> Trusted {
        let bytes = Sha256::digest(&self.certificate);
        let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        Trusted { pem: self.pem.clone(), fingerprint: bytes.join(":") }
    }

    /// The certificate for this machine: the one that is kept, while it is good.
    ///
    /// # Errors
    /// It cannot be made or kept.
    pub fn certificate(&self) -> anyhow::Result<CertifiedKey> {
        let (cert, key) = (self.folder.join("server.crt"), self.folder.join("server.key"));
        let files = Files { cert: cert.clone(), key: key.clone() };
        if let Some(kept) = files.load().ok().filter(|kept| self.is_good(kept)) {
            return Ok(kept);
        }
        let (certificate, pair) = self.sign(self.names())?;
        write(&key, &pair.serialize_pem(), true)
            .and_then(|()| write(&cert, &[&certificate.pem(), &*self.pem].concat(), false))
            .with_context(|| format!("cannot keep a certificate in {}", self.folder.display()))?;
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(pair.serialize_der()));
        let chain = vec![certificate.der().clone(), self.certificate.clone()];
        CertifiedKey::from_der(chain, private, &PROVIDER).context("cannot make a certificate")
    }

    /// Whether `certified` is ours, names this machine, and will for a while.
    pub(super) fn is_good(&self, certified: &CertifiedKey) -> bool {
        let Some(certificate) = certified.cert.first() else { return false };
        let ahead = Duration::from_secs(SERVER_LEFT_DAYS * DAY_S.unsigned_abs());
        self.verifies(certificate, &self.names(), ahead)
    }

    /// The names of this machine, as far as the authority may sign for them.
    fn names(&self) -> Vec<String> {
        let mut names = of_this_machine(&self.configured);
        names.retain(|name| self.may_sign(name));
        names
    }

    fn may_sign(&self, name: &str) -> bool {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(may) = tried.get(name) {
            return *may;
        }
        let names = [name.to_owned()];
        let may = self
            .sign(names.to_vec())
            .is_ok_and(|(certificate, _)| self.verifies(certificate.der(), &names, Duration::ZERO));
        // A machine that moves from network to network has many addresses in its life.
        if tried.len() >= MOST_TRIED {
            tried.clear();
        }
        tried.insert(name.to_owned(), may);
        may
    }

    /// Whether a device that trusts the authority takes `certificate` for all `names`.
    fn verifies(
        &self,
        certificate: &CertificateDer<'_>,
        names: &[String],
        ahead: Duration,
    ) -> bool {
        let now = UnixTime::now().as_secs() + ahead.as_secs();
        let at = UnixTime::since_unix_epoch(Duration::from_secs(now));
        names.iter().all(|name| {
            ServerName::try_from(name.as_str()).is_ok_and(|name| {
                self.verifier.verify_server_cert(certificate, &[], &name, &[], at).is_ok()
            })
        })
    }

    fn sign(&self, names: Vec<String>) -> anyhow::Result<(rcgen::Certificate, KeyPair)> {
        let pair = KeyPair::generate().context("cannot make a key")?;
        let mut params = CertificateParams::new(names).context("cannot make a certificate")?;
        let days = SERVER_DAYS.min(self.days_left() - 1);
        let ((year, month, day), (end_year, end_month, end_day)) = (date(-1)?, date(days)?);
        params.not_before = date_time_ymd(year, month, day);
        params.not_after = date_time_ymd(end_year, end_month, end_day);
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "live-orders");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate =
            params.signed_by(&pair, &self.issuer).context("cannot make a certificate")?;
        Ok((certificate, pair))
    }
}

/// Makes an authority and keeps it.
fn make(folder: &Path, configured: &[String]) -> anyhow::Result<()> {
    let key = KeyPair::generate().context("cannot make a key")?;
    let mut names = of_this_machine(configured);
    names.retain(|name| name.parse::<IpAddr>().is_err() || configured.contains(name));
    let certificate =
        authority(&key, &names).self_signed(&key).context("cannot make a certificate authority")?;
    keep(folder, &certificate.pem(), &key.serialize_pem())
        .with_context(|| format!("cannot keep a certificate authority in {}", folder.display()))?;
    tracing::info!("tls.ca.made");
    Ok(())
}

/// Keeps both files of an authority or, whenever this ends, neither.
fn keep(folder: &Path, cert: &str, key: &str) -> io::Result<()> {
    let making = folder.join(MAKING);
    if making.exists() {
        fs::remove_dir_all(&making)?;
    }
    make_folder(&making)?;
    write(&making.join(CA_CERT), cert, false)?;
    write(&making.join(CA_KEY), key, true)?;
    folder::sync(&making)?;
    fs::rename(&making, folder.join(MADE))?;
    folder::sync(folder)?;
    put_in_place(folder)
}

/// Puts an authority that was made in its place, or what is left to be put there.
fn put_in_place(folder: &Path) -> io::Result<()> {
    let made = folder.join(MADE);
    if !made.exists() {
        return Ok(());
    }
    for file in [CA_KEY, CA_CERT] {
        match fs::rename(made.join(file), folder.join(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    folder::sync(folder)?;
    fs::remove_dir(&made)
}

/// The authority's own certificate. Who it is follows from its key, so that what
/// it signs names it rightly whenever that is.
fn authority(key: &KeyPair, names: &[String]) -> CertificateParams {
    let mut params = CertificateParams::default();
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(key.public_key_raw()));
    let mark = format!("{a:02x}{b:02x}{c:02x}{d:02x}");
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("live-orders CA {mark}"));
    params.distinguished_name.push(DnType::OrganizationName, "live-orders");
    if let (Ok((year, month, day)), Ok((end_year, end_month, end_day))) = (date(-1), date(CA_DAYS))
    {
        params.not_before = date_time_ymd(year, month, day);
        params.not_after = date_time_ymd(end_year, end_month, end_day);
    }
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let mut permitted: Vec<GeneralSubtree> =
        LOCAL_NAMES.map(|name| GeneralSubtree::DnsName(name.to_owned())).to_vec();
    let networks =
        LOCAL_NETWORKS.map(|(address, prefix)| CidrSubnet::from_v4_prefix(address, prefix));
    permitted.extend(networks.map(GeneralSubtree::IpAddress));
    for (address, prefix) in [([0xFC, 0], 7), ([0xFE, 0x80], 10)] {
        let mut whole = [0; 16];
        whole[..2].copy_from_slice(&address);
        permitted.push(GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(whole, prefix)));
    }
    let loopback = CidrSubnet::from_addr_prefix(std::net::Ipv6Addr::LOCALHOST.into(), 128);
    permitted.push(GeneralSubtree::IpAddress(loopback));
    // Where one host is permitted, no other is; excluding all is read in many ways.
    permitted.push(GeneralSubtree::Rfc822Name(NO_MAIL.to_owned()));
    permitted.extend(names.iter().map(|name| match name.parse::<IpAddr>() {
        Ok(address) => {
            let prefix = if address.is_ipv4() { 32 } else { 128 };
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, prefix))
        }
        Err(_) => GeneralSubtree::DnsName(name.clone()),
    }));
    params.name_constraints =
        Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: Vec::new() });
    params
}

/// Year, month and day so many days from now.
fn date(from_now: i64) -> anyhow::Result<(i32, u8, u8)> {
    let at = Timestamp::now() + SignedDuration::from_secs(from_now * DAY_S);
    let date = at.to_zoned(TimeZone::UTC).date();
    Ok((i32::from(date.year()), u8::try_from(date.month())?, u8::try_from(date.day())?))
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Writes a file whole or not at all; a `secret` one for its owner alone.
fn write(path: &Path, text: &str, secret: bool) -> io::Result<()> {
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(if secret { 0o600 } else { 0o644 });
    }
    #[cfg(not(unix))]
    let _ = secret;
    let mut file: File = options.open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_signs_is_taken_by_whoever_trusts_it_and_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("tls");
        let names = ["kitchen.example.com".to_owned(), "203.0.113.7".to_owned()];
        let ca = OwnCa::open(&folder, &names).expect("an authority");
        let certified = ca.certificate().expect("a certificate");
        assert!(ca.is_good(&certified));
        for name in ["kitchen.example.com", "203.0.113.7", "localhost", "127.0.0.1", "::1"] {
            assert!(ca.verifies(&certified.cert[0], &[name.to_owned()], Duration::ZERO), "{name}");
        }
        let end = validity::ends_at(&certified.cert[0]).expect("an end");
        let days = (end - Timestamp::now().as_second()) / DAY_S;
        assert!((365..=397).contains(&days), "{days}");
        assert!((3650..=3653).contains(&ca.days_left()), "{}", ca.days_left());

        let again = OwnCa::open(&folder, &names).expect("the authority");
        assert_eq!(again.trusted().fingerprint, ca.trusted().fingerprint);
        assert_eq!(again.certificate().expect("kept").cert, certified.cert);
        // After its end it is good for nothing.
        let later = Duration::from_secs(400 * DAY_S.unsigned_abs());
        assert!(!ca.verifies(&certified.cert[0], &["localhost".to_owned()], later));
    }

    #[test]
    fn it_can_sign_for_nothing_outside() {
        let folder = tempfile::tempdir().expect("a folder");
        let ca = OwnCa::open(folder.path(), &[]).expect("an authority");
        for name in ["orders.local", "grill.lan", "till.home.arpa", "192.168.7.9", "fd12::7"] {
            assert!(ca.may_sign(name), "{name}");
        }
        for name in ["bank.example.com", "local.example.com", "203.0.113.7", "2001:db8::7"] {
            assert!(!ca.may_sign(name), "{name}");
        }
        let names = ["orders.example.com".to_owned()];
        let error = OwnCa::open(folder.path(), &names).expect_err("refused");
        assert!(error.to_string().contains("tls.names has orders.example.com"), "{error:#}");
    }

    #[test]
    fn it_signs_for_servers_alone_and_for_no_mail() {
        let folder = tempfile::tempdir().expect("a folder");
        let ca = OwnCa::open(folder.path(), &[]).expect("an authority");
        let der = ca.certificate.as_ref();
        // The object identifiers of extended key usage, and of a server as the only one.
        let usage = [&[0x06, 3, 0x55, 0x1D, 0x25][..], &[0x04, 12, 0x30, 10, 0x06, 8]].concat();
        let server = [0x2B, 6, 1, 5, 5, 7, 3, 1];
        let at = memchr::memmem::find(der, &usage).expect("a usage");
        assert_eq!(der[at + usage.len()..][..server.len()], server);

        let pair = KeyPair::generate().expect("a key");
        let signed = |names: Vec<rcgen::SanType>| {
            let mut params = CertificateParams::default();
            params.subject_alt_names = names;
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            let signed = params.signed_by(&pair, &ca.issuer).expect("signed");
            ca.verifies(signed.der(), &["localhost".to_owned()], Duration::ZERO)
        };
        let localhost = || rcgen::SanType::DnsName("localhost".try_into().expect("a name"));
        let mail = rcgen::SanType::Rfc822Name("boss@example.com".try_into().expect("a name"));
        assert!(signed(vec![localhost()]));
        assert!(!signed(vec![localhost(), mail]));
    }

    #[test]
    fn one_that_an_earlier_version_has_made_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = KeyPair::generate().expect("a key");
        let mut params = authority(&key, &[]);
        params.extended_key_usages.clear();
        if let Some(names) = &mut params.name_constraints {
            names.permitted_subtrees.retain(|it| !matches!(it, GeneralSubtree::Rfc822Name(_)));
        }
        let certificate = params.self_signed(&key).expect("an authority");
        write(&folder.path().join(CA_CERT), &certificate.pem(), false).expect("written");
        write(&folder.path().join(CA_KEY), &key.serialize_pem(), true).expect("written");
        let ca = OwnCa::open(folder.path(), &[]).expect("an authority");
        assert_eq!(ca.certificate.as_ref(), certificate.der().as_ref());
        assert!(ca.is_good(&ca.certificate().expect("a certificate")));
    }

    #[test]
    fn whoever_stops_while_it_is_made_starts_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let (making, made) = (folder.path().join(MAKING), folder.path().join(MADE));
        // Half of it was written.
        fs::create_dir(&making).expect("made");
        fs::write(making.join(CA_CERT), "half a certifi").expect("written");
        let first = OwnCa::open(folder.path(), &[]).expect("an authority").trusted().fingerprint;
        assert!(!making.exists() && !made.exists());
        // All of it was, and one file, or none, is in its place.
        for files in [&[CA_CERT, CA_KEY][..], &[CA_CERT]] {
            fs::create_dir(&made).expect("made");
            for file in files {
                fs::rename(folder.path().join(file), made.join(file)).expect("moved");
            }
            let again = OwnCa::open(folder.path(), &[]).expect("the authority");
            assert_eq!(again.trusted().fingerprint, first);
            assert!(!made.exists());
        }
    }

    #[test]
    fn one_of_its_two_files_alone_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        OwnCa::open(folder.path(), &[]).expect("an authority");
        let other = tempfile::tempdir().expect("a folder");
        OwnCa::open(other.path(), &[]).expect("another");
        fs::copy(other.path().join("ca.key"), folder.path().join("ca.key")).expect("copied");
        let error = format!("{:#}", OwnCa::open(folder.path(), &[]).expect_err("refused"));
        assert!(error.contains("do not belong together"), "{error}");
        fs::remove_file(folder.path().join("ca.key")).expect("removed");
        let error = format!("{:#}", OwnCa::open(folder.path(), &[]).expect_err("refused"));
        assert!(error.contains("ca.crt and no ca.key"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn keys_are_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("tls");
        OwnCa::open(&folder, &[]).expect("an authority").certificate().expect("a certificate");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        for file in ["ca.key", "server.key"] {
            assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
        }
    }
}
