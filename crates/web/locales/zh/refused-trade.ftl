# Why part `trade` refused something, and what the person can do. Keys and arguments come from `trade::Refused`.
refused-trade-address-book-full = 地址簿最多保存 { $max } 个地址。请先删除不再需要的地址，再保存。
refused-trade-address-book-off = 您尚未同意保存地址，因此未保存。请先同意，或在每次下单时填写地址。
refused-trade-assurance-missing = 您正在为他人下单。请先取得对方同意，并勾选相应声明。
refused-trade-below-minimum = { $title_zh }：起订量为 { $minimum }，您选择了 { $quantity }。请增加数量，或不在本次下单中包含该商品。
refused-trade-cart-full = 进货单最多 { $max } 行。请先下单或移除部分商品。
refused-trade-no-such-address = 该地址已不在您的地址簿中。请选择其他地址或重新填写。
refused-trade-no-such-order = 您的订单中没有该订单。请在订单列表中查找。
refused-trade-not-allowed-now = { $to ->
    [cancelled] 该订单已不能取消
    [paid] 该订单已不能付款
    [refunded] 该订单已不能在此申请退款
    [shipped] 该订单不能发货
    [received] 该订单不能标记为已送达
    [completed] 该订单不能确认收货
   *[other] 该操作不可用
    }：订单当前{ $from ->
    [placed] 等待付款
    [paid] 已付款，等待发货
    [shipped] 运输中
    [received] 已送达
    [completed] 已完成
    [cancelled] 已取消
    [closed] 因未按时付款已关闭
   *[refunded] 已退款
    }。请刷新订单查看可用操作。
refused-trade-not-in-cart = 该商品已不在进货单中。请从商品页重新添加。
refused-trade-not-offered = 您选择的部分商品已下架。请从进货单中移除后继续。
refused-trade-not-offered-named = { $title_zh } 的所选规格已不再出售。请从进货单中移除后继续。
refused-trade-note-to-nobody = 有一条备注对应的卖家不在本次订单中。请返回进货单后重试。
refused-trade-nothing-chosen = 未选择任何商品。请先选择商品再继续。
refused-trade-order-still-open = 该订单仍在进行中。订单完成、取消或退款后即可隐藏。
refused-trade-own-shop = { $title_zh } 来自您自己的店铺，不能向自己下单。
refused-trade-price-changed = 打开本页后总价由 { $seen } 变为 { $now }。请核对，同意后再次下单。
refused-trade-quantity = 请选择 1 至 { $max } 之间的数量。
refused-trade-sent-before = 该订单此前已以不同内容提交，并已生成 { $orders }。本次未生成新订单。请先查看该订单；如需再次订购，请前往进货单。
refused-trade-short = { $title_zh }，{ $variant_zh }：仅剩 { $left }。请减少数量后再次下单。
refused-trade-too-much = 金额超出单笔订单上限。请分多笔下单。
refused-trade-hook-address = 请填写以 https:// 开头的地址，最长500个字符，不含密码和 # 号。
refused-trade-hook-port = 请使用默认端口（443）或1024至65535之间的端口。
refused-trade-hook-unknown = 找不到该域名。请检查拼写，或等待域名解析生效。
refused-trade-hook-not-public = 该地址指向内部网络，我们不会向其发送。请使用可从互联网访问的地址。
refused-trade-hook-name = 请填写名称，单行，最长{ $max }个字符。
refused-trade-hook-off = 此 Webhook 已停用，请先启用。
refused-trade-hook-test-soon = 您刚刚发送过测试，请五秒后再试。
refused-trade-hook-topics = 请至少选择一种事件。
refused-trade-hooks-full = 每家店铺最多{ $max }个 Webhook，请删除不再需要的。
refused-trade-no-such-hook = 没有此 Webhook 或投递记录。
