//! The protection modes of PostgreSQL clients: encrypted without looking at the certificate, with a look at its authority, and with
//! a look at the name too.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::options::{ClientCertificate, Tls};
use crate::engines::{Failure, FailureReason};

/// What makes the connection secure.
///
/// # Errors
/// A certificate or key of the configuration cannot be read.
pub(super) fn connector(tls: &Tls) -> Result<MakeRustlsConnect, Failure> {
    let provider = Arc::new(ring::default_provider());
    let (verifier, client) = match tls {
        Tls::Verify { ca, name_too, client } => (by_authority(ca, *name_too, &provider)?, client.as_ref()),
        _ => (Arc::new(Unseen(Arc::clone(&provider))) as Arc<dyn ServerCertVerifier>, None),
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| broken(&error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let config = match client {
        Some(client) => {
            let (chain, key) = own_certificate(client)?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|_| broken("the client certificate and the client key do not belong together"))?
        }
        None => builder.with_no_client_auth(),
    };
    Ok(MakeRustlsConnect::new(config))
}

fn broken(what: &str) -> Failure {
    Failure::new(FailureReason::Tls, format!("A certificate of this configuration cannot be used: {what}."))
}

fn by_authority(
    pem: &str,
    name_too: bool,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, Failure> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem, "the CA certificate")? {
        roots.add(certificate).map_err(|_| broken("the CA certificate is no certificate"))?;
    }
    let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| broken(&error.to_string()))?;
    Ok(if name_too { inner } else { Arc::new(AnyName(inner)) })
}

fn certificates(pem: &str, what: &str) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| broken(&format!("{what} is not in PEM form")))?;
    if found.is_empty() {
        return Err(broken(&format!("{what} has no part that begins with -----BEGIN CERTIFICATE-----")));
    }
    Ok(found)
}

fn own_certificate(
    client: &ClientCertificate,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Failure> {
    let chain = certificates(&client.certificate, "the client certificate")?;
    let key = PrivateKeyDer::from_pem_slice(client.key.as_bytes())
        .map_err(|_| broken("the client key is not in PEM form"))?;
    Ok((chain, key))
}

/// Takes any certificate: the connection is encrypted, and nobody knows with whom. That is what `require` means to PostgreSQL.
#[derive(Debug)]
struct Unseen(Arc<CryptoProvider>);

/// Looks at the authority and not at the name: `verify-ca`.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for Unseen {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.0.verify_server_cert(certificate, between, name, ocsp, now) {
            // The authority is looked at first, so a wrong name is all that is wrong.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
