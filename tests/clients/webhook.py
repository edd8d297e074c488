"""What a seller's program does with each message: the reference library of Standard Webhooks, unchanged.

A line of JSON on standard input for each message: `secret`, `headers`, `body`, and `now`, the time of the marketplace in
seconds. A line on standard output: `ok` with the type, or `refused` with the library's words.
"""

import datetime
import json
import sys

import standardwebhooks.webhooks as library


class Moved(datetime.datetime):
    """The library asks for the time; a test moves it."""

    at = 0

    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.fromtimestamp(cls.at, tz)


library.datetime = Moved

for line in sys.stdin:
    asked = json.loads(line)
    Moved.at = asked["now"]
    try:
        message = library.Webhook(asked["secret"]).verify(asked["body"], asked["headers"])
        print("ok", message["type"], flush=True)
    except library.WebhookVerificationError as error:
        print("refused", error, flush=True)
