"""Schemathesis over the marketplace's own document, with tokens of a buyer, a seller and the operator.

What the addresses name is there: a cart, an order, a kept address, a webhook with a delivery. Half of the ids that are
tried are theirs, so that operations run and do not end at what is not found. The last line says what was reached.
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

BASE = os.environ["BASE"]
BUY, SELL, OPERATE = os.environ["BUYER"], os.environ["SELLER"], os.environ["STAFF"]
CASES_PER_OPERATION = 8
# What the document promises. Whether it promises as much as it should, the tests of each operation say.
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "missing_required_header",
    "ignored_auth",
]
TOKENS = {"cart": BUY, "orders": BUY, "addresses": BUY, "me": BUY, "sell": SELL, "webhooks": SELL, "console": OPERATE}


def call(token, method, path, body=None, key=None):
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    if key:
        headers["idempotency-key"] = key
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{BASE}/api/v1{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            said = answer.read()
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{method} {path}: {error.read().decode()}") from error
    return json.loads(said) if said else None


def order(product, variant, quantity):
    call(BUY, "PUT", f"/cart/lines/{product}/{variant}", {"quantity": quantity})
    total = call(BUY, "GET", "/quote")["cart"]["total"]["minor"]
    to = {"name": "王小明", "phone": "13977310001", "address": "浙江省义乌市稠州北路7731号"}
    placed = call(BUY, "POST", "/orders", {"total_seen": total, "to": "own", "consignee": to}, f"order-of-the-document-{time.time_ns()}")
    return placed["orders"][0]["id"], placed["checkout"]


def address():
    place = {"name": "王小明", "phone": "13977310001", "address": "浙江省义乌市稠州北路7731号"}
    return call(BUY, "POST", "/addresses", {"consignee": place})["id"]


def webhook():
    hook = {"name": "stock system", "url": "http://127.0.0.1:1099/hook", "topics": ["order.placed"]}
    return call(SELL, "POST", "/sell/webhooks", hook)["webhook"]["id"]


def an_import(n):
    """A sheet with a mistake, checked."""
    line = "------hanse"
    part = f'--{line}\r\ncontent-disposition: form-data; name="sheet"; filename="x"\r\n\r\nproduct_ref,stock\nX-{n},lots\n\r\n--{line}--\r\n'
    headers = {"authorization": f"Bearer {SELL}", "content-type": f"multipart/form-data; boundary={line}"}
    request = urllib.request.Request(f"{BASE}/api/v1/sell/imports", part.encode(), headers, method="POST")
    with urllib.request.urlopen(request) as answer:
        one = json.loads(answer.read())["id"]
    until = time.monotonic() + 30
    while call(SELL, "GET", f"/sell/imports/{one}")["import"]["state"] != "checked":
        assert time.monotonic() < until, "the check"
        time.sleep(0.1)
    return one


def prepared():
    """The ids that stand in addresses, by their names; and others for what deletes."""
    product = call(SELL, "GET", "/sell/products?listed=true&limit=1")["items"][0]["id"]
    shop = call(SELL, "GET", "/sell/shop")["id"]
    offered = call(BUY, "GET", f"/products/{product}")
    variant = offered["variants"][0]["id"]
    one, checkout = order(product, variant, offered["minimum"])
    consents = call(BUY, "GET", "/me/consents")
    words = next(one["notice_hash"] for one in consents if one["purpose"] == "KeepAddressBook")
    call(BUY, "PUT", "/me/consents/KeepAddressBook", {"notice_hash": words, "language": "en"})
    hook = webhook()
    call(SELL, "POST", f"/sell/webhooks/{hook}/test")
    until = time.monotonic() + 30
    while not (sent := call(SELL, "GET", f"/sell/webhooks/{hook}/deliveries")["items"]):
        assert time.monotonic() < until, "the test's delivery"
        time.sleep(0.1)
    stay = {"product": product, "variant": variant, "shop": shop, "order": one, "checkout": checkout, "webhook": hook}
    stay |= {"address": address(), "delivery": sent[0]["id"], "purpose": "KeepAddressBook", "import": an_import(1)}
    go = {"product": product, "variant": variant, "address": address(), "webhook": webhook(), "purpose": "OfferDeals", "import": an_import(2)}
    return stay, go


def configuration(stay, go):
    quoted = json.dumps
    lines = ["[generation]", 'mode = "all"', f"max-examples = {CASES_PER_OPERATION}", "[phases.stateful]", "enabled = false"]
    for kind, ids in (("stays", stay), ("goes", go)):
        for name, value in ids.items():
            lines += [f"[dictionaries.{kind}-{name}]", f"values = [{quoted(value)}]"]
    lines.append("[parameters]")
    lines += [f'"path.{name}" = {{ dictionary = "stays-{name}", probability = 0.5 }}' for name in stay]
    for tag, token in TOKENS.items():
        lines += ["[[operations]]", f"include-tag = {quoted(tag)}", f"headers = {{ Authorization = {quoted('Bearer ' + token)} }}"]
    lines += ["[[operations]]", 'include-method = "DELETE"', "[operations.parameters]"]
    lines += [f'"path.{name}" = {{ dictionary = "goes-{name}", probability = 0.5 }}' for name in go]
    return "\n".join(lines) + "\n"


def statuses(report):
    """The statuses that each operation answered with."""
    reached = {}
    with open(report, encoding="utf-8") as events:
        for event in map(json.loads, events):
            recorder = event.get("ScenarioFinished", {}).get("recorder", {})
            seen = reached.setdefault(recorder.get("label"), {})
            for interaction in recorder.get("interactions", {}).values():
                status = (interaction.get("response") or {}).get("status_code", 0)
                seen[status] = seen.get(status, 0) + 1
    return {label: seen for label, seen in reached.items() if seen}


def main():
    with open("schemathesis.toml", "w", encoding="utf-8") as file:
        file.write(configuration(*prepared()))
    program = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    # Unbounded words of a terminal's width, and no colours.
    run = [program, "--config-file", "schemathesis.toml", "run", f"{BASE}/api/openapi.json", "--no-color", "--warnings", "off"]
    run += ["--generation-deterministic", "--no-shrink", "--continue-on-failure", "--suppress-health-check", "all"]
    # One worker: CPython 3.11 counts the depth of `ast.parse` for all threads together, and two of Hypothesis's break it.
    run += ["--checks", ",".join(CHECKS), "--report", "ndjson", "--report-ndjson-path", "events.ndjson", "--workers", "1"]
    done = subprocess.run(run, capture_output=True, text=True)
    assert os.path.exists("events.ndjson"), done.stdout + done.stderr
    reached = statuses("events.ndjson")
    for label, seen in sorted(reached.items()):
        print(f"{label:70}", "  ".join(f"{status}×{count}" for status, count in sorted(seen.items())))
    if done.returncode != 0:
        print(done.stdout[-20_000:], done.stderr[-5_000:])
    every = [seen for seen in reached.values()]
    print(
        json.dumps(
            {
                "passed": done.returncode == 0,
                "cases": sum(sum(seen.values()) for seen in every),
                "too_many": sum(seen.get(429, 0) for seen in every),
                "operations": len(reached),
                "done": sorted(label for label, seen in reached.items() if any(200 <= s < 300 for s in seen)),
            }
        )
    )


main()
