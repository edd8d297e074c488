// The platform's official Node.js client, unchanged, against the sandbox. Run by tests/official_clients.rs, which
// installs the client and says where everything is; fails by throwing.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const { TOOLS, KEYS, BASE, APP_ID } = process.env;
const { AlipaySdk } = createRequire(join(TOOLS, 'node', 'x.js'))('alipay-sdk');
const key = (name) => readFileSync(join(KEYS, name), 'ascii');
const sdk = new AlipaySdk({
  appId: APP_ID,
  privateKey: key('merchant-private.pem'),
  keyType: 'PKCS8',
  alipayPublicKey: key('alipay-public.pem'),
  gateway: `${BASE}/alipay/gateway.do`,
});

// The merchant's end of notifications.
const noted = [];
const merchant = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    noted.push(Object.fromEntries(new URLSearchParams(body)));
    response.end('success');
  });
});
await new Promise((ready) => merchant.listen(0, '127.0.0.1', ready));
const notifyUrl = `http://127.0.0.1:${merchant.address().port}/notify`;
const notification = async () => {
  for (let i = 0; i < 500 && noted.length === 0; i++) await sleep(10);
  assert.ok(noted.length > 0, 'a notification came');
  return noted.shift();
};

const payment = (number, method) => ({
  method,
  bizContent: {
    out_trade_no: number,
    total_amount: '88.88',
    subject: '订单 26-7K3Q + 1',
    product_code: 'FAST_INSTANT_TRADE_PAY',
  },
  notifyUrl,
  returnUrl: 'http://127.0.0.1:1/paid',
});
const call = (method, bizContent) => sdk.exec(method, { bizContent }, { validateSign: true });
const browse = (url, options = {}) => fetch(new URL(url, BASE), { redirect: 'manual', ...options });
const cashierOf = async (response) => {
  assert.equal(response.status, 303, await response.text());
  return response.headers.get('location');
};
const form = (fields) => ({ method: 'POST', body: new URLSearchParams(fields) });

const unknown = await call('alipay.trade.query', { out_trade_no: 'N1' });
assert.equal(unknown.subCode, 'ACQ.TRADE_NOT_EXIST');

// By an address.
const cashier = await cashierOf(await browse(sdk.pageExecute('alipay.trade.page.pay', payment('N1', 'GET'))));
assert.equal((await call('alipay.trade.query', { out_trade_no: 'N1' })).tradeStatus, 'WAIT_BUYER_PAY');
const back = new URL((await browse(cashier, form({ act: 'pay', payer: '0' }))).headers.get('location'));
assert.ok(sdk.checkNotifySignV2(Object.fromEntries(back.searchParams)), 'the return is signed');
const paid = await notification();
assert.equal(paid.trade_status, 'TRADE_SUCCESS');
assert.ok(sdk.checkNotifySign(paid), 'the notification is signed');
assert.ok(sdk.checkNotifySignV2(paid), 'the notification is signed');
assert.ok(!sdk.checkNotifySignV2({ ...paid, total_amount: '0.01' }), 'and its amount cannot be changed');
const query = await call('alipay.trade.query', { out_trade_no: 'N1' });
assert.deepEqual([query.code, query.tradeStatus, query.totalAmount], ['10000', 'TRADE_SUCCESS', '88.88']);

// By a form that posts itself.
const html = sdk.pageExecute('alipay.trade.page.pay', payment('N2', 'POST'));
const action = html.match(/action="([^"]+)"/)[1];
const fields = [...html.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name, value]) => [name, value.replaceAll('&quot;', '"')]);
await cashierOf(await browse(action, form(fields)));
assert.equal((await call('alipay.trade.query', { out_trade_no: 'N2' })).tradeStatus, 'WAIT_BUYER_PAY');
assert.equal((await call('alipay.trade.close', { out_trade_no: 'N2' })).code, '10000');
assert.equal((await call('alipay.trade.query', { out_trade_no: 'N2' })).tradeStatus, 'TRADE_CLOSED');

const refund = (number, amount) =>
  call('alipay.trade.refund', { out_trade_no: 'N1', out_request_no: number, refund_amount: amount });
assert.deepEqual(await refund('R1', '8.88').then((r) => [r.refundFee, r.fundChange]), ['8.88', 'Y']);
assert.deepEqual(await refund('R1', '8.88').then((r) => [r.refundFee, r.fundChange]), ['8.88', 'N']);
assert.equal((await refund('R2', '80.01')).subCode, 'ACQ.REFUND_AMT_NOT_EQUAL_TOTAL');
// Some write amounts as numbers.
assert.equal((await refund('R2', 80)).refundFee, '88.88');
const asked = await call('alipay.trade.fastpay.refund.query', { out_trade_no: 'N1', out_request_no: 'R1' });
assert.deepEqual([asked.refundAmount, asked.refundStatus], ['8.88', 'REFUND_SUCCESS']);
const [partly, wholly] = [await notification(), await notification()];
assert.ok(sdk.checkNotifySignV2(partly) && sdk.checkNotifySignV2(wholly), 'notifications of refunds are signed');

const transfer = await call('alipay.fund.trans.uni.transfer', {
  out_biz_no: 'T1',
  trans_amount: '12.00',
  product_code: 'TRANS_ACCOUNT_NO_PWD',
  biz_scene: 'DIRECT_TRANSFER',
  order_title: 'Settlement',
  payee_info: { identity: '2088102100000011', identity_type: 'ALIPAY_USER_ID' },
});
assert.equal(transfer.status, 'SUCCESS');
// The client looks for a signature under the method's name, where the gateway's own errors do not stand.
assert.equal((await sdk.exec('alipay.no.such.method', {})).subCode, 'isv.invalid-method');

// Somebody else's key is refused.
const { privateKey } = (await import('node:crypto')).generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const stranger = new AlipaySdk({ ...sdk.config, privateKey, keyType: 'PKCS8' });
const refused = await stranger.exec('alipay.trade.query', { bizContent: { out_trade_no: 'N1' } });
assert.equal(refused.subCode, 'isv.invalid-signature');

merchant.close();
console.log('ok');
