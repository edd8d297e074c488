"""One whole trade by clients that `openapi-python-client` generated from the marketplace's own document.

What only people and couriers do is asked for on standard output, a line each, and answered with `ok`.
"""

import json
import os
import sys
import time
import uuid

from client import AuthenticatedClient, Client
from client.api.addresses import keep_address, list_addresses
from client.api.cart import add_to_cart, choose_in_cart, get_cart, put_cart_line
from client.api.console import get_money, get_overview, list_shops
from client.api.goods import get_product, get_shop, list_categories, list_products
from client.api.me import give_consent, list_consents, list_readings
from client.api.orders import confirm_order, get_checkout, get_order, get_quote, list_orders, place_orders, start_payment
from client.api.sell import (
    ask_payout,
    get_balance,
    get_shop_order,
    list_own_products,
    list_payouts,
    list_shop_orders,
    list_statement,
    set_stock,
    ship_order,
)
from client.models import (
    LineQuantity,
    NewCartLine,
    NewCartLines,
    NewConsent,
    NewConsignee,
    NewKeptAddress,
    NewNote,
    NewOrders,
    NewPayment,
    NewShipment,
    NewStock,
    Problem,
    ReadIn,
    Tick,
    TickOf,
    To,
    VariantStock,
)

BASE = os.environ["BASE"]
CONSIGNEE = json.loads(os.environ["CONSIGNEE"])


def with_token(token):
    return AuthenticatedClient(base_url=BASE, token=token, raise_on_unexpected_status=True)


guest = Client(base_url=BASE, raise_on_unexpected_status=True)
buyer = with_token(os.environ["BUYER"])
sellers = [with_token(token) for token in os.environ["SELLERS"].split()]
staff = with_token(os.environ["STAFF"])


def ask(line):
    print(line, flush=True)
    assert sys.stdin.readline().strip() == "ok"


def good(answer):
    """The answer, which is no problem."""
    assert not isinstance(answer, Problem), answer.to_dict()
    assert answer is not None
    return answer


def wait_until(what, look, before_each=None):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if before_each:
            before_each()
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"waited in vain for {what}")


# Looking around needs no token.
assert len(good(list_categories.sync(client=guest))) > 5
first = good(list_products.sync(client=guest, q="golden", limit=1))
second = good(list_products.sync(client=guest, q="jeans", limit=1))
pages = good(list_products.sync(client=guest, limit=30))
after = good(list_products.sync(client=guest, limit=30, after=pages.next_))
assert not {card.id for card in pages.items} & {card.id for card in after.items}
products = [good(get_product.sync(found.items[0].id, client=guest)) for found in (first, second)]
assert products[0].shop.id != products[1].shop.id
assert good(get_shop.sync(products[0].shop.id, client=guest)).open_

# The cart, across two sellers.
lines = [
    NewCartLine(product=product.id, variant=product.variants[0].id, quantity=max(product.minimum, 20))
    for product in products
]
good(add_to_cart.sync(client=buyer, body=NewCartLines(lines=lines)))
good(put_cart_line.sync(lines[0].product, lines[0].variant, client=buyer, body=LineQuantity(quantity=lines[0].quantity + 1)))
good(choose_in_cart.sync(client=buyer, body=Tick(which=TickOf.ALL, chosen=True)))
assert good(get_cart.sync(client=buyer)).lines == 2
quote = good(get_quote.sync(client=buyer))
assert quote.cart.may_check_out and quote.assurance.zh

# To somebody else, with a note to one of the sellers; sent twice under one key, it is one order for each.
order = NewOrders(
    total_seen=quote.cart.total.minor,
    to=To.ANOTHER,
    assured=ReadIn.EN,
    consignee=NewConsignee(name=CONSIGNEE["name"], phone=CONSIGNEE["phone"], address=CONSIGNEE["address"]),
    notes=[NewNote(shop=products[0].shop.id, note="ring twice, please")],
)
key = uuid.uuid4().hex
placed = place_orders.sync_detailed(client=buyer, idempotency_key=key, body=order)
assert placed.status_code == 201, placed
again = place_orders.sync_detailed(client=buyer, idempotency_key=key, body=order)
assert again.status_code == 200 and again.parsed.to_dict() == placed.parsed.to_dict()
placed = placed.parsed
assert len(placed.orders) == 2

# Paying: the payer's browser goes to the cashier.
begun = good(start_payment.sync(placed.checkout, client=buyer, body=NewPayment()))
assert begun.amount.minor == quote.cart.total.minor
ask(f"pay {begun.cashier_url}")
wait_until("the payment", lambda: not good(get_checkout.sync(placed.checkout, client=buyer)).unpaid)

# Each seller ships the own order, and sees the note that is for them.
noted = 0
for seller in sellers:
    page = good(list_shop_orders.sync(client=seller, state="paid"))
    assert len(page.items) == 1 and "*" in page.items[0].consignee_name
    mine = good(get_shop_order.sync(page.items[0].order.id, client=seller))
    assert mine.consignee.name == CONSIGNEE["name"] and mine.consignee.address == CONSIGNEE["address"]
    noted += mine.note == "ring twice, please"
    good(ship_order.sync(mine.order.id, client=seller, body=NewShipment(carrier="sf", kind="household", weight_grams=4000)))
    # What is left is counted anew.
    product = good(list_own_products.sync(client=seller, limit=1)).items[0]
    detail = good(get_product.sync(product.id, client=guest))
    stock = [VariantStock(variant=detail.variants[0].id, stock=500)]
    good(set_stock.sync(product.id, client=seller, body=NewStock(variants=stock)))
    assert good(get_product.sync(product.id, client=guest)).variants[0].stock == 500
assert noted == 1


def state(order):
    return good(get_order.sync(order.id, client=buyer))


for one in placed.orders:
    wait_until("the waybill", lambda: state(one).order.state == "shipped")
for one in placed.orders:
    wait_until("the delivery", lambda: state(one).order.state == "received", lambda: ask("parcels"))
    assert state(one).parcels[0].stations[0].state == "delivered"
    assert good(confirm_order.sync(one.id, client=buyer)).state == "completed"
assert {row.order.state for row in good(list_orders.sync(client=buyer)).items} == {"completed"}

# The sellers' money is released less the commission, and paid out.
for seller in sellers:
    balance = good(get_balance.sync(client=seller))
    assert balance.available.minor > 0 and balance.commission.minor > 0
    kinds = {line.kind for line in good(list_statement.sync(client=seller)).items}
    assert "released" in kinds
    good(ask_payout.sync(client=seller))
    wait_until("the payout", lambda: good(list_payouts.sync(client=seller)).items[0].state == "done")
    assert good(get_balance.sync(client=seller)).available.minor == 0

# The operator sees that the books balance.
assert good(get_overview.sync(client=staff)).books_balance
assert good(get_money.sync(client=staff)).books_balance
assert good(list_shops.sync(client=staff, state="open", limit=3)).next_

# Keeping an address asks for the consent, in words that were shown.
problem = list_addresses.sync(client=buyer)
assert isinstance(problem, Problem) and problem.status == 409
consent = next(c for c in good(list_consents.sync(client=buyer)) if c.purpose == "KeepAddressBook")
given = give_consent.sync_detailed(
    "KeepAddressBook", client=buyer, body=NewConsent(notice_hash=consent.notice_hash, language=ReadIn.EN)
)
assert given.status_code == 204
good(keep_address.sync(client=buyer, body=NewKeptAddress(consignee=order.consignee)))
assert good(list_addresses.sync(client=buyer)).addresses[0].phone.endswith(CONSIGNEE["phone"])

# Who read the buyer's data: sellers and the platform.
roles = set()
after = None
while True:
    page = good(list_readings.sync(client=buyer, limit=50, **({"after": after} if after else {})))
    roles |= {reading.role for reading in page.items}
    after = page.next_
    if not after:
        break
assert "seller" in roles and "self" in roles, roles

ask("done")
