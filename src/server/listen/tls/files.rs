//! A certificate and its key in files that somebody else keeps.

use std::{fs::Metadata, path::PathBuf, time::SystemTime};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use tokio_rustls::rustls::{
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::CertifiedKey,
};

use super::{PROVIDER, validity};

const DAY_S: i64 = 24 * 60 * 60;
/// How long before its end a certificate is warned of.
const SOON_DAYS: i64 = 14;

/// Where a certificate and its key are.
#[derive(Clone, Debug)]
pub struct Files {
    /// The chain as PEM, the server's own certificate first.
    pub cert: PathBuf,
    /// The key as PEM.
    pub key: PathBuf,
}

/// By what is seen that files were written anew; none for one that is not there.
pub(super) type Stamp = [Option<(SystemTime, u64)>; 2];

impl Files {
    /// What the files hold.
    ///
    /// # Errors
    /// One line: a file cannot be read, holds something else, or they do not
    /// belong together.
    pub fn load(&self) -> anyhow::Result<CertifiedKey> {
        let (cert, key) = (self.cert.display(), self.key.display());
        let text = std::fs::read(&self.cert)
            .with_context(|| format!("cannot read the certificate {cert}"))?;
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&text)
            .collect::<Result<_, _>>()
            .map_err(|error| anyhow::anyhow!("the certificate {cert} is no PEM file: {error}"))?;
        let Some(first) = chain.first() else { bail!("there is no certificate in {cert}") };
        let ends_at = validity::ends_at(first);
        let text =
            std::fs::read(&self.key).with_context(|| format!("cannot read the key {key}"))?;
        let private = PrivateKeyDer::from_pem_slice(&text)
            .map_err(|error| anyhow::anyhow!("there is no private key in {key}: {error}"))?;
        let certified = CertifiedKey::from_der(chain, private, &PROVIDER).map_err(|error| {
            anyhow::anyhow!("the key {key} does not belong to the certificate {cert}: {error}")
        })?;
        // A file may hold anything that is framed like a certificate.
        certified
            .end_entity_cert()
            .ok()
            .and_then(|it| tokio_rustls::rustls::server::ParsedCertificate::try_from(it).ok())
            .with_context(|| format!("the certificate {cert} cannot be understood"))?;
        warn_of_its_end(ends_at);
        Ok(certified)
    }

    /// By what is seen that the files were written anew.
    pub(super) fn stamp(&self) -> Stamp {
        let stamp = |file: Metadata| Some((file.modified().ok()?, file.len()));
        [&self.cert, &self.key].map(|path| std::fs::metadata(path).ok().and_then(stamp))
    }
}

/// Browsers refuse a certificate after its end. It is served all the same: a
/// kitchen with a warning is better off than one without orders.
fn warn_of_its_end(ends_at: Option<i64>) {
    let Some(ends_at) = ends_at else { return };
    let left = ends_at - Timestamp::now().as_second();
    let end = Timestamp::from_second(ends_at).map(|end| end.to_string()).unwrap_or_default();
    if left < 0 {
        tracing::warn!(end, "tls.certificate.expired");
    } else if left < SOON_DAYS * DAY_S {
        tracing::warn!(end, days = left / DAY_S, "tls.certificate.ends_soon");
    }
}
