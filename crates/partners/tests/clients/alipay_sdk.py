"""The platform's official Python client, unchanged, against the sandbox.

Run by tests/official_clients.rs, which installs the client and says where everything is; fails by raising.

The client knows the two well-known ports only (to another one it fails at `url += port`), so its connections to port
80 are led to the sandbox's port here, as a port forward outside the process would.
"""
import base64
import json
import os
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

from alipay.aop.api.AlipayClientConfig import AlipayClientConfig
from alipay.aop.api.DefaultAlipayClient import DefaultAlipayClient
from alipay.aop.api.domain.AlipayTradeCloseModel import AlipayTradeCloseModel
from alipay.aop.api.domain.AlipayTradePagePayModel import AlipayTradePagePayModel
from alipay.aop.api.domain.AlipayTradeQueryModel import AlipayTradeQueryModel
from alipay.aop.api.domain.AlipayTradeRefundModel import AlipayTradeRefundModel
from alipay.aop.api.request.AlipayTradeCloseRequest import AlipayTradeCloseRequest
from alipay.aop.api.request.AlipayTradePagePayRequest import AlipayTradePagePayRequest
from alipay.aop.api.request.AlipayTradeQueryRequest import AlipayTradeQueryRequest
from alipay.aop.api.request.AlipayTradeRefundRequest import AlipayTradeRefundRequest
from alipay.aop.api.util.SignatureUtils import get_sign_content, verify_with_rsa
from pyasn1.codec.der import decoder

BASE = os.environ["BASE"]
KEYS = os.environ["KEYS"]
HOST = "openapi.alipay.test"

to_anywhere = socket.create_connection


def to_sandbox(address, *rest, **named):
    if address == (HOST, 80):
        sandbox = urllib.parse.urlparse(BASE)
        address = (sandbox.hostname, sandbox.port)
    return to_anywhere(address, *rest, **named)


socket.create_connection = to_sandbox


def key(name):
    with open(os.path.join(KEYS, name), encoding="ascii") as file:
        return "".join(line.strip() for line in file if "-----" not in line)


def pkcs1(pkcs8):
    """The inner key: the client takes no other form."""
    sequence, _ = decoder.decode(base64.b64decode(pkcs8))
    return base64.b64encode(sequence[2].asOctets()).decode()


config = AlipayClientConfig()
config.server_url = f"http://{HOST}/alipay/gateway.do"
config.app_id = os.environ["APP_ID"]
config.app_private_key = pkcs1(key("merchant-private.pem"))
config.alipay_public_key = key("alipay-public.pem")
client = DefaultAlipayClient(alipay_client_config=config)

noted = []


class Merchant(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        noted.append(dict(urllib.parse.parse_qsl(body)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"success")

    def log_message(self, *_):
        pass


merchant = HTTPServer(("127.0.0.1", 0), Merchant)
threading.Thread(target=merchant.serve_forever, daemon=True).start()


def signed(parameters):
    covered = {name: value for name, value in parameters.items() if name not in ("sign", "sign_type")}
    content = get_sign_content(covered).encode()
    try:
        return verify_with_rsa(config.alipay_public_key, content, parameters["sign"])
    except Exception:
        return False


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def browse(url, form=None):
    """Where the browser is led."""
    body = urllib.parse.urlencode(form).encode() if form else None
    url = urllib.parse.urljoin(BASE, url.replace(f"http://{HOST}", BASE))
    try:
        urllib.request.build_opener(NoRedirect).open(url, body)
    except urllib.error.HTTPError as answer:
        assert answer.code == 303, answer.read()
        return answer.headers["location"]
    raise AssertionError("the page leads nowhere")


def call(request_type, model_type, **fields):
    model = model_type()
    for name, value in fields.items():
        setattr(model, name, value)
    return json.loads(client.execute(request_type(biz_model=model)))


def query(number):
    return call(AlipayTradeQueryRequest, AlipayTradeQueryModel, out_trade_no=number)


def page(number):
    model = AlipayTradePagePayModel()
    model.out_trade_no = number
    model.total_amount = "88.88"
    model.subject = "订单 26-7K3Q + 1"
    model.product_code = "FAST_INSTANT_TRADE_PAY"
    request = AlipayTradePagePayRequest(biz_model=model)
    request.notify_url = f"http://127.0.0.1:{merchant.server_port}/notify"
    request.return_url = "http://127.0.0.1:1/paid"
    return client.page_execute(request, http_method="GET")


assert query("Y1")["sub_code"] == "ACQ.TRADE_NOT_EXIST"
cashier = browse(page("Y1"))
assert query("Y1")["trade_status"] == "WAIT_BUYER_PAY"
back = browse(cashier, {"act": "pay", "payer": "1"})
assert signed(dict(urllib.parse.parse_qsl(urllib.parse.urlparse(back).query)))
for _ in range(500):
    if noted:
        break
    time.sleep(0.01)
assert noted[0]["trade_status"] == "TRADE_SUCCESS"
assert signed(noted[0])
assert not signed({**noted[0], "total_amount": "0.01"})
assert query("Y1")["total_amount"] == "88.88"


def refund(number, amount):
    return call(AlipayTradeRefundRequest, AlipayTradeRefundModel, out_trade_no="Y1", out_request_no=number,
                refund_amount=amount)


assert refund("R1", "8.88")["fund_change"] == "Y"
assert refund("R1", "8.88")["fund_change"] == "N"
assert refund("R2", "80.01")["sub_code"] == "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"

browse(page("Y2"))
assert call(AlipayTradeCloseRequest, AlipayTradeCloseModel, out_trade_no="Y2")["code"] == "10000"
assert query("Y2")["trade_status"] == "TRADE_CLOSED"
print("ok")
