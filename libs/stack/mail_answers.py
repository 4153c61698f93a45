"""`python -m libs.stack.mail_answers PORT`: whether the mail server on this port of the machine answers.

The health check of a container: it fails with the error of the conversation.
"""

import smtplib
import sys

SECONDS = 3
"""How long an answer may take, in machine seconds."""


def main() -> None:
    """The command line; raises OSError and SMTPException."""
    smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=SECONDS).quit()


if __name__ == "__main__":
    main()
