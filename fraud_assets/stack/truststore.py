"""A Java truststore made of the certificates Python trusts, so that Java works behind a TLS-inspecting proxy too."""

import os
import ssl
import warnings
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

PASSWORD = "changeit"  # Java's own default; the store holds public certificates only


def java_options(path: Path) -> list[str]:
    """Write the truststore to ``path`` and give the Java options that use it; none if Python has no CA bundle."""
    bundle = Path(os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile or os.devnull)
    with warnings.catch_warnings():  # one well-known root has a serial number that is not positive
        warnings.simplefilter("ignore")
        try:
            certificates = x509.load_pem_x509_certificates(bundle.read_bytes())
        except (OSError, ValueError):
            return []
        entries = [pkcs12.PKCS12Certificate(one, str(number).encode()) for number, one in enumerate(certificates)]
        path.write_bytes(pkcs12.serialize_java_truststore(entries, BestAvailableEncryption(PASSWORD.encode())))
    return [f"-Djavax.net.ssl.trustStore={path}", f"-Djavax.net.ssl.trustStorePassword={PASSWORD}"]
