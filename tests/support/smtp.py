"""A mail server for the tests, on aiosmtpd. Each mail that it has accepted becomes a line of JSON in FOLDER/mail.jsonl,
taken apart by Python's own parser. How it treats a mail stands in the address of the recipient:

later-    the first try is put off (450)
leaving-  at the first try the server says that it goes away (421) and goes
drop-     the first try ends in the middle of DATA: the connection breaks
poison-   every try does
twice-    the first try is kept, but its answer is lost
never-    refused for good (550), until there is a file FOLDER/mended
"""

import asyncio
import email
import email.policy
import json
import logging
import os
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult

FOLDER, PORT = sys.argv[1], int(sys.argv[2])
# If given, nobody may send without it.
PASSWORD = sys.argv[3].encode() if len(sys.argv) > 3 else None
logging.getLogger("mail.log").setLevel(logging.CRITICAL)
SEEN = set(os.listdir(FOLDER))


def first(address):
    """Whether this address was not asked about before; remembered across restarts."""
    if address in SEEN:
        return False
    SEEN.add(address)
    open(os.path.join(FOLDER, address), "w").close()
    return True


def keep(envelope):
    mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    line = {
        "sender": envelope.mail_from,
        "recipients": envelope.rcpt_tos,
        "headers": [name for name in mail.keys()],
        "subject": mail["Subject"],
        "from": [(one.display_name, one.addr_spec) for one in mail["From"].addresses],
        "to": [(one.display_name, one.addr_spec) for one in mail["To"].addresses],
        "messageId": mail["Message-ID"],
        "date": mail["Date"],
        "autoSubmitted": mail["Auto-Submitted"],
        "type": mail.get_content_type(),
        "parts": [part.get_content_type() for part in mail.iter_parts()],
        "text": text and text.get_content(),
        "html": html and html.get_content(),
        "defects": [str(defect) for defect in mail.defects],
        "longest": max(len(line) for line in envelope.content.split(b"\r\n")),
    }
    with open(os.path.join(FOLDER, "mail.jsonl"), "a") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("later-") and first(address):
            return "450 4.2.1 try again later"
        if address.startswith("leaving-") and first(address):
            asyncio.get_running_loop().call_later(0.01, server.transport.close)
            return "421 4.3.2 going away"
        if address.startswith("never-") and not os.path.exists(os.path.join(FOLDER, "mended")):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        keep(envelope)
        if envelope.rcpt_tos[0].startswith("twice-") and first(envelope.rcpt_tos[0]):
            server.transport.abort()
        return "250 OK"


class Server(SMTP):
    async def smtp_DATA(self, arg):
        to = self.envelope.rcpt_tos[0] if self.envelope.rcpt_tos else ""
        if to.startswith("poison-") or to.startswith("drop-") and first(to):
            await self.push("354 go on")
            await self._reader.readline()
            self.transport.abort()
            return
        await super().smtp_DATA(arg)


def authenticate(server, session, envelope, mechanism, login):
    if login.password == PASSWORD:
        return AuthResult(success=True)
    with open(os.path.join(FOLDER, "refused"), "a") as file:
        file.write("refused\n")
    return AuthResult(success=False, handled=False)


async def main():
    loop = asyncio.get_running_loop()
    options = {"hostname": "mail.test", "enable_SMTPUTF8": True, "loop": loop}
    if PASSWORD:
        warnings.simplefilter("ignore")
        options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": False}
    server = await loop.create_server(lambda: Server(Handler(), **options), "127.0.0.1", PORT)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
