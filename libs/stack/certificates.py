"""Certificates for servers and clients of a run, made by `openssl`: short-lived, and trusted by nobody else."""

from dataclasses import dataclass
from pathlib import Path

from libs.stack.cache import run_quietly

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "7")


@dataclass(frozen=True)
class CertificateFiles:
    """The paths of a certificate and of its key, PEM both."""

    certificate: Path
    key: Path

    def together(self) -> Path:
        """One file with the key and the certificate."""
        path = self.key.with_suffix(".both.pem")
        path.write_text(self.key.read_text() + self.certificate.read_text())
        return path


class Authority:
    """Signs certificates, all in one folder."""

    def __init__(self, folder: Path, name: str = "olcare-test") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._own = CertificateFiles(folder / "ca.pem", folder / "ca.key")
        _openssl(self._own, f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE")

    @property
    def certificate(self) -> Path:
        """What others trust it by."""
        return self._own.certificate

    def server(self, file: str, *names: str) -> CertificateFiles:
        """Sign a server's certificate for names as OpenSSL writes them: `IP:127.0.0.1`, `DNS:localhost`."""
        return self._sign(file, "/CN=server", "-addext", f"subjectAltName={','.join(names)}")

    def client(self, name: str) -> CertificateFiles:
        """Sign a client's certificate."""
        return self._sign(name, f"/CN={name}")

    def _sign(self, file: str, subject: str, *arguments: str) -> CertificateFiles:
        made = CertificateFiles(self._folder / f"{file}.pem", self._folder / f"{file}.key")
        signed_by = ("-CA", str(self._own.certificate), "-CAkey", str(self._own.key))
        no_authority = ("-addext", "basicConstraints=critical,CA:FALSE")
        _openssl(made, subject, *arguments, *no_authority, *signed_by)
        return made


def _openssl(made: CertificateFiles, subject: str, *arguments: str) -> None:
    files = ("-keyout", str(made.key), "-out", str(made.certificate))
    command = ["openssl", "req", "-x509", *_KEY, "-subj", subject, *files, *arguments]
    run_quietly(command, f"openssl made no certificate for {subject}")
