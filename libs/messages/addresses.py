"""The address of an e-mail as every mail server takes it."""

import re

from email_validator import validate_email

_WORDS_AND_DOTS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+")
_WORDS_BETWEEN_DOTS = re.compile(r"[^.]+(\.[^.]+)*")


def smtp_address(address: str) -> str:
    """The address as SMTP takes it without extensions, its domain in ASCII (IDNA 2008); ValueError where there is none.

    A part before the @ whose dots are not between words (`a..b.`), as some providers gave them away, is quoted.
    """
    local, at, domain = address.rpartition("@")
    quoted = f'"{local}"' if _WORDS_AND_DOTS.fullmatch(local) and not _WORDS_BETWEEN_DOTS.fullmatch(local) else local
    try:
        valid = validate_email(
            f"{quoted}{at}{domain}",
            allow_quoted_local=True,
            allow_smtputf8=False,
            check_deliverability=False,
            globally_deliverable=False,
            strict=True,
        )
    except ValueError as error:
        raise ValueError("the address is not one that every mail server takes") from error
    return f"{valid.ascii_local_part}@{valid.ascii_domain}"
