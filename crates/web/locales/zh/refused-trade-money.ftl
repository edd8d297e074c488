# 支付、发货和提现时不能办理的情形及处理办法。
refused-trade-no-such-refund = 没有可以重新发起的退款。
refused-trade-nothing-to-pay = 没有待支付的订单：订单已支付、已取消或已关闭，请在“我的订单”中查看。
refused-trade-nothing-to-pay-out = 暂无可提现金额：余额为零，或已有一笔结算正在处理。
refused-trade-parcel-weight = 请填写包裹重量，1 克至 { $max } 千克。
refused-trade-payment-time-over = 已超过支付时间，订单正在关闭。请重新下单。
refused-trade-payment-under-way = 该订单正在另一窗口支付，请稍候再试。
refused-trade-unknown-carrier = 请在列表中选择快递公司。
refused-trade-waybill-under-way = 该订单已有运单或正在获取运单，无需重复申请。

# 结算未到账的原因，金额已退回卖家余额。
payout-failed-account = 支付机构无法向您的结算账户付款。请更正账户后重新申请结算。
payout-failed-owner = 无法向店铺所有者付款，请联系客服。
payout-failed-marketplace = 结算未成功，与您无关。我们将在一天内再次尝试。
payout-failed-other = 支付机构未完成付款。我们将在一天内再次尝试，您也可以立即重新申请。

# 未取得运单的原因，卖家可以重新申请。
waybill-unanswered = 物流平台暂无应答。我们会自动重试，必要时持续数小时；信息不会丢失，您无需操作。
waybill-refused-address = 该地址不在快递派送范围内。请更换快递公司，或与买家商定其他地址。
waybill-refused-courier = 该快递公司暂不可用，请更换。
waybill-refused-consignee = 收货人信息已不能用于配送。请联系买家，或退还订单。
waybill-refused-other = 物流平台未提供运单。请核对包裹信息后重试。
