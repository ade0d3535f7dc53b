//! TLS, where the site gives a certificate with its key.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::config::ServerSettings;

/// How often it is looked whether the files have changed.
const LOOK: Duration = Duration::from_secs(10);
/// Largest file that is read.
const MOST_BYTES: u64 = 1 << 20;

/// Why TLS cannot be spoken.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// One of both is set.
    #[error(
        "settings: server.{given} is set and server.{missing} is not; TLS needs both, a certificate and its key"
    )]
    Half {
        /// The one that is set.
        given: &'static str,
        /// The one that is not.
        missing: &'static str,
    },
    /// A file cannot be read.
    #[error("{} (server.{setting}) cannot be read: {reason}; check the path and the right to read it", path.display())]
    Unreadable {
        /// The setting that names it.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A file does not hold what it has to.
    #[error("{} (server.{setting}) holds no {wanted} in PEM: {reason}", path.display())]
    Content {
        /// The setting that names it.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What it has to hold.
        wanted: &'static str,
        /// What was found.
        reason: String,
    },
    /// They do not belong together.
    #[error(
        "the key in {} is not that of the certificate in {}: {reason}; give the key that the certificate was made for",
        key.display(), certificate.display()
    )]
    Mismatch {
        /// The file of the key.
        key: PathBuf,
        /// The file of the certificate.
        certificate: PathBuf,
        /// What rustls said.
        reason: String,
    },
    /// rustls cannot be set up.
    #[error("TLS could not be set up: {0}; please report this")]
    Setup(#[from] rustls::Error),
}

/// The certificate with its key, read anew when the files change.
#[derive(Debug)]
pub(super) struct Tls {
    files: Files,
    held: RwLock<Held>,
    config: Arc<ServerConfig>,
    resolver: Arc<Resolver>,
}

#[derive(Debug, Clone)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// What the files held when they were last read.
#[derive(Debug, PartialEq, Eq)]
struct Held {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

#[derive(Debug)]
struct Resolver(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Tls {
    /// As the settings say; `None` where they name no certificate.
    ///
    /// # Errors
    /// [`TlsError`] with what to do.
    pub(super) fn open(settings: &ServerSettings) -> Result<Option<Arc<Self>>, TlsError> {
        let half = |given, missing| TlsError::Half { given, missing };
        let files = match (&settings.tls_certificate, &settings.tls_key) {
            (None, None) => return Ok(None),
            (Some(_), None) => return Err(half("tls_certificate", "tls_key")),
            (None, Some(_)) => return Err(half("tls_key", "tls_certificate")),
            (Some(certificate), Some(key)) => Files { certificate: certificate.clone(), key: key.clone() },
        };
        let held = files.read()?;
        let resolver = Arc::new(Resolver(RwLock::new(Arc::new(files.parse(&held)?))));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&resolver) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Some(Arc::new(Self { files, held: RwLock::new(held), config: Arc::new(config), resolver })))
    }

    /// What speaks TLS on a connection.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }

    /// Follows the files for as long as the service runs. What cannot be used is told in the log, and the former
    /// certificate stays.
    pub(super) async fn follow(self: Arc<Self>) {
        let mut told: Option<String> = None;
        loop {
            tokio::time::sleep(LOOK).await;
            let this = Arc::clone(&self);
            let renewed = tokio::task::spawn_blocking(move || this.renew()).await;
            match renewed {
                Ok(Ok(true)) => tracing::info!("the TLS certificate has changed and is used from now on"),
                Ok(Ok(false)) => {}
                Ok(Err(error)) => {
                    let error = error.to_string();
                    if told.as_ref() != Some(&error) {
                        tracing::error!(
                            error,
                            "the TLS certificate has changed and cannot be used; the former one stays"
                        );
                        told = Some(error);
                    }
                    continue;
                }
                // The runtime is ending.
                Err(_) => return,
            }
            told = None;
        }
    }

    /// Reads the files; whether they hold another certificate than before.
    fn renew(&self) -> Result<bool, TlsError> {
        let now = self.files.read()?;
        if *self.held.read().unwrap_or_else(PoisonError::into_inner) == now {
            return Ok(false);
        }
        let certified = Arc::new(self.files.parse(&now)?);
        *self.resolver.0.write().unwrap_or_else(PoisonError::into_inner) = certified;
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = now;
        Ok(true)
    }
}

impl Files {
    fn read(&self) -> Result<Held, TlsError> {
        Ok(Held {
            certificate: read("tls_certificate", &self.certificate)?,
            key: read("tls_key", &self.key)?,
        })
    }

    fn parse(&self, held: &Held) -> Result<CertifiedKey, TlsError> {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&held.certificate).collect();
        let of_certificate = |reason: String| TlsError::Content {
            setting: "tls_certificate",
            path: self.certificate.clone(),
            wanted: "certificate",
            reason,
        };
        let certificates = certificates.map_err(|error| of_certificate(error.to_string()))?;
        if certificates.is_empty() {
            return Err(of_certificate("there is no BEGIN CERTIFICATE in it".into()));
        }
        let of_key = |reason: String| TlsError::Content {
            setting: "tls_key",
            path: self.key.clone(),
            wanted: "private key",
            reason,
        };
        let key = PrivateKeyDer::from_pem_slice(&held.key).map_err(|error| of_key(error.to_string()))?;
        CertifiedKey::from_der(certificates, key, &ring::default_provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => TlsError::Mismatch {
                key: self.key.clone(),
                certificate: self.certificate.clone(),
                reason: error.to_string(),
            },
            rustls::Error::InvalidCertificate(_) => of_certificate(error.to_string()),
            error => of_key(error.to_string()),
        })
    }
}

fn read(setting: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    let unreadable = |reason: String| TlsError::Unreadable { setting, path: path.to_owned(), reason };
    let size = fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
    if size > MOST_BYTES {
        return Err(unreadable(format!("it has {size} bytes, which no certificate and no key has")));
    }
    fs::read(path).map_err(|error| unreadable(error.to_string()))
}
