//! A certificate and its key in files that somebody else keeps.

use std::{fs::Metadata, path::PathBuf, time::SystemTime};

use anyhow::{Context as _, bail};
use tokio_rustls::rustls::{
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::CertifiedKey,
};

use super::PROVIDER;

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
        if chain.is_empty() {
            bail!("there is no certificate in {cert}");
        }
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
        Ok(certified)
    }

    /// By what is seen that the files were written anew.
    pub(super) fn stamp(&self) -> Stamp {
        let stamp = |file: Metadata| Some((file.modified().ok()?, file.len()));
        [&self.cert, &self.key].map(|path| std::fs::metadata(path).ok().and_then(stamp))
    }
}
