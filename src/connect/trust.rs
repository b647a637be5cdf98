//! Whose certificates are believed: the machine's authorities, or those of a file.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::BuilderVerifierExt as _;

/// TLS that trusts whom the machine trusts. The machine's authorities are read once for all systems: that takes 20 ms of a processor, and a
/// company has more than fifty.
pub(super) fn of_the_machine() -> Result<ClientConfig, String> {
    static READ: OnceLock<Result<ClientConfig, String>> = OnceLock::new();
    READ.get_or_init(|| {
        let unusable = |error: rustls::Error| format!("the machine's certificate authorities can't be used: {error}");
        let builder = builder().and_then(|builder| builder.with_platform_verifier()).map_err(unusable)?;
        Ok(builder.with_no_client_auth())
    })
    .clone()
}

/// TLS that trusts the authorities of a file.
pub(super) fn of_file(path: &Path) -> Result<ClientConfig, String> {
    let unreadable = |error: String| format!("ca_file {} can't be used: {error}", path.display());
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.to_string()))? {
        roots.add(certificate.map_err(|error| unreadable(error.to_string()))?).map_err(|error| unreadable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unreadable("it holds no PEM certificate".to_owned()));
    }
    let builder = builder().map_err(|error| unreadable(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()
}

/// Whether a connection failed because the certificate shown isn't believed.
pub(super) fn is_refused(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        // An I/O error doesn't name what it was made of as its source.
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let refused = inner.and_then(|inner| inner.downcast_ref()).or_else(|| error.downcast_ref());
        if matches!(refused, Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        next = inner.map(|inner| inner as &(dyn std::error::Error + 'static)).or_else(|| error.source());
    }
    false
}
