//! Whose certificates are believed: the machine's authorities. A system's `ca_file` is added to them for HTTP, and replaces them for LDAP.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::BuilderVerifierExt as _;

/// TLS that trusts whom the machine trusts. The machine's authorities are read once for all systems: that takes 20 ms of a processor, and a
/// company has more than fifty.
pub(super) fn of_the_machine() -> Result<ClientConfig, String> {
    static READ: OnceLock<ClientConfig> = OnceLock::new();
    once(&READ, || {
        let unusable = |error: rustls::Error| format!("the machine's certificate authorities can't be used: {error}");
        let builder = builder().and_then(|builder| builder.with_platform_verifier()).map_err(unusable)?;
        Ok(builder.with_no_client_auth())
    })
}

/// What was read, or is read now. A failure is not kept: it may pass, as a moment without descriptors does.
fn once<T: Clone>(kept: &OnceLock<T>, read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    match kept.get() {
        Some(known) => Ok(known.clone()),
        None => read().map(|read| kept.get_or_init(|| read).clone()),
    }
}

/// TLS that trusts the authorities of a file, and no others.
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

/// What is said of a connection whose certificate isn't believed.
pub(super) fn name_the_authority(line: &str) -> String {
    format!("{line}; if the company's own authority issued it, name that authority's file in ca_file")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_that_could_not_be_read_once_are_read_again() {
        let kept = OnceLock::new();
        let failed = once::<u8>(&kept, || Err("no descriptors".to_owned()));
        assert_eq!(failed, Err("no descriptors".to_owned()));
        assert_eq!(once(&kept, || Ok(1)), Ok(1));
        assert_eq!(once(&kept, || Err("not read a second time".to_owned())), Ok(1));
    }
}
