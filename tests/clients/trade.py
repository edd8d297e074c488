"""One whole trade by clients that `openapi-python-client` generated from the marketplace's own document.

What only people and couriers do is asked for on standard output, a line each, and answered with `ok`.
"""

import io
import json
import os
import struct
import sys
import time
import uuid
import zlib

from client import AuthenticatedClient, Client
from client.api.addresses import keep_address, list_addresses
from client.api.cart import add_to_cart, choose_in_cart, get_cart, put_cart_line
from client.api.console import decide_on_shop, get_any_shop, get_money, get_overview, list_shops
from client.api.goods import get_product, get_shop, list_categories, list_products
from client.api.me import give_consent, list_consents, list_readings
from client.api.orders import confirm_order, get_checkout, get_order, get_quote, list_orders, place_orders, start_payment
from client.api.sell import (
    apply_for_shop,
    ask_payout,
    cancel_import,
    edit_product,
    export_products,
    forget_import,
    get_import,
    get_import_template,
    list_import_mistakes,
    list_imports,
    start_import,
    upload_import,
    get_balance,
    get_own_product,
    get_own_shop,
    get_shop_order,
    list_own_products,
    list_payouts,
    list_product_again,
    list_shop_orders,
    list_statement,
    publish_product,
    set_stock,
    ship_order,
    take_down_product,
)
from client.models import (
    FreightTerms,
    ImportForm,
    LineQuantity,
    ListShopsState,
    NewCartLine,
    NewCartLines,
    NewConsent,
    NewConsignee,
    NewContact,
    NewDecision,
    NewKeptAddress,
    NewNote,
    NewOrders,
    NewPayment,
    NewProductOffered,
    NewShipment,
    NewShop,
    NewStart,
    NewStock,
    NewVariantOffered,
    PriceTier,
    Problem,
    ProductForm,
    ReadIn,
    ShopFace,
    Tick,
    TickOf,
    To,
    UnitOfTrade,
    VariantStock,
    Verdict,
    Words,
)
from client.types import File

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
    key = uuid.uuid4().hex
    asked = ask_payout.sync_detailed(client=seller, idempotency_key=key)
    again = ask_payout.sync_detailed(client=seller, idempotency_key=key)
    assert (asked.status_code, again.status_code) == (202, 200) and again.parsed.id == asked.parsed.id, again
    wait_until("the payout", lambda: good(list_payouts.sync(client=seller)).items[0].state == "done")
    assert good(get_balance.sync(client=seller)).available.minor == 0

# The operator sees that the books balance.
assert good(get_overview.sync(client=staff)).books_balance
assert good(get_money.sync(client=staff)).books_balance
assert good(list_shops.sync(client=staff, state=ListShopsState.OPEN, limit=3)).next_

# A newcomer applies for a shop, the operator says why not, then yes; a product is published with a picture.
face = ShopFace(
    name=Words(en="Canary Trimmings", zh=""),
    intro=Words(en="Buttons of all kinds.", zh=""),
    place=Words(en="Yiwu", zh="义乌"),
    freight=FreightTerms(flat=800, free_from=50000),
    ships_within_hours=48,
    since_year=2019,
)
application = NewShop(
    face=face,
    contact=NewContact(name="Sales office", phone="0571 8800 0000"),
    representative_name="Canary Li",
    settlement_account="2088123412341234 Canary Li",
)
assert isinstance(get_own_shop.sync(client=buyer), Problem)
applied = good(apply_for_shop.sync(client=buyer, body=application))
assert apply_for_shop.sync(client=buyer, body=application).status == 409
waiting = good(get_any_shop.sync(applied.id, client=staff))
assert waiting.shop.state == "applied"
refused = decide_on_shop.sync(applied.id, client=staff, body=NewDecision(decision=Verdict.REFUSE))
assert refused.status == 422 and refused.errors[0].field == "reason"
decided = decide_on_shop.sync_detailed(applied.id, client=staff, body=NewDecision(decision=Verdict.APPROVE))
assert decided.status_code == 204
category = products[0].category
offered = NewProductOffered(
    category=category,
    title=Words(en="Canary buttons", zh=""),
    text=Words(en="Horn, four holes.", zh=""),
    unit=UnitOfTrade(one="case", many="cases", zh="箱"),
    axis=Words(en="Size", zh=""),
    tiers=[PriceTier(from_=10, price=900), PriceTier(from_=100, price=800)],
    variants=[NewVariantOffered(name=Words(en="11 mm", zh=""), stock=400)],
)


def picture(shade):
    """A PNG of 64 by 64 pixels."""
    rows = b"".join(b"\0" + bytes([shade, 90, 120]) * 64 for _ in range(64))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def file(data):
    return File(payload=io.BytesIO(data), file_name="picture.png", mime_type="image/png")


wrong = publish_product.sync(client=buyer, body=ProductForm(product=offered, picture=[file(b"no picture")]))
assert wrong.status == 422 and wrong.errors[0].field == "picture", wrong.to_dict()
wrong = publish_product.sync(client=buyer, body=ProductForm(product=offered))
assert wrong.status == 422 and wrong.errors[0].field == "product.pictures", wrong.to_dict()
form = ProductForm(product=offered, picture=[file(picture(10)), file(picture(200))])
published = good(publish_product.sync(client=buyer, body=form))
page = good(get_own_product.sync(published.id, client=buyer))
assert len(page.pictures) == 2 and page.pictures[0].width == 64
offered.version, offered.pictures = page.version, [1]
offered.tiers = [PriceTier(from_=100, price=800), PriceTier(from_=10, price=900)]
wrong = edit_product.sync(published.id, client=buyer, body=ProductForm(product=offered))
assert wrong.status == 422 and wrong.errors[0].field == "product.tiers.1.from", wrong.to_dict()
offered.tiers = [PriceTier(from_=10, price=850)]
offered.variants[0].id = page.variants[0].id
offered.variants[0].stock = offered.variants[0].stock_was = 400
edited = good(edit_product.sync(published.id, client=buyer, body=ProductForm(product=offered)))
assert edited.version == page.version + 1
now = good(get_product.sync(published.id, client=guest))
assert len(now.pictures) == 1 and now.tiers[0].price == 850 and now.pictures[0].large == page.pictures[1].large
assert take_down_product.sync_detailed(published.id, client=buyer).status_code == 204
assert good(get_product.sync(published.id, client=guest)).sale == "down"
assert list_product_again.sync_detailed(published.id, client=buyer).status_code == 204

# Many products at once: what is sold goes out as a sheet and comes back changed, with a new one that has a mistake.
assert "product_ref" in good(get_import_template.sync(client=buyer))
sheet = good(export_products.sync(client=buyer))
assert "Canary buttons" in sheet
sheet = sheet.lstrip("\ufeff").replace("Canary buttons", "Canary horn buttons")
head, *rows = sheet.splitlines()
columns = head.split(",")
row = ["C-9" if name == "product_ref" else "lots" if name == "stock" else "" for name in columns]


def upload(text):
    sheet = File(payload=io.BytesIO(text.encode()), file_name="goods.csv", mime_type="text/csv")
    return good(upload_import.sync(client=buyer, body=ImportForm(sheet=sheet))).id


def import_in(state, one):
    return wait_until(f"an import that is {state}", lambda: (found := good(get_import.sync(one, client=buyer))).import_.state == state and found)


bad = upload("\n".join([head, *rows, ",".join(row)]) + "\n")
found = import_in("checked", bad)
assert (found.import_.changed, found.import_.faulty) == (1, 1), found.to_dict()
assert any(shown.title.en == "Canary horn buttons" for shown in found.preview)
mistakes, after = [], None
while True:
    page = good(list_import_mistakes.sync(bad, client=buyer, limit=1, **({"after": after} if after else {})))
    mistakes += page.items
    after = page.next_
    if not after:
        break
assert len(mistakes) == found.import_.mistakes and {"stock"} <= {mistake.column for mistake in mistakes}
assert all(mistake.detail and mistake.code for mistake in mistakes)
refused = start_import.sync_detailed(bad, client=buyer, body=NewStart())
assert refused.status_code == 409 and good(get_product.sync(published.id, client=guest)).title.en == "Canary buttons"
assert cancel_import.sync_detailed(bad, client=buyer).status_code == 204
again = upload("\n".join([head, *rows]) + "\n")
import_in("checked", again)
assert start_import.sync_detailed(again, client=buyer, body=NewStart()).status_code == 202
done = import_in("done", again).import_
assert (done.changed, done.fresh, done.faulty) == (1, 0, 0)
assert start_import.sync_detailed(again, client=buyer, body=NewStart()).status_code == 409
assert good(get_product.sync(published.id, client=guest)).title.en == "Canary horn buttons"
for one in good(list_imports.sync(client=buyer)):
    assert forget_import.sync_detailed(one.id, client=buyer).status_code == 204
assert not list_imports.sync(client=buyer)

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
