"""Seal secrets before they are stored (Fernet: AES-128-CBC with HMAC-SHA256).

The key is a file outside the data folder, or PULT_VAULT_KEY; no backup holds it.
"""

import hmac
import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken


class VaultError(Exception):
    """The stored secrets cannot be opened: the vault's key is missing or another one."""

    permanent = True


class Vault:
    def __init__(self, key: bytes) -> None:
        try:
            self._fernet = Fernet(key)
            self._key = key
        except ValueError as error:
            raise VaultError("The vault's key is not a key that Pult made.") from error

    def derive(self, purpose: str) -> bytes:
        """A key of its own for signing one kind of link or form (HMAC-SHA256 of the purpose)."""
        return hmac.digest(self._key, purpose.encode(), "sha256")

    def seal(self, secret: str) -> str:
        return self._fernet.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise VaultError(VaultError.__doc__) from error


def at(path: Path) -> Vault:
    """The vault whose key is in the file; the first call makes the key, mode 0600."""
    try:
        return Vault(path.read_bytes().strip())
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(Fernet.generate_key())
    try:
        os.link(draft, path)  # whole or not at all; the first process wins
    except FileExistsError:  # another process was first
        pass
    finally:
        draft.unlink()
    return Vault(path.read_bytes().strip())
