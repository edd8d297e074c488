# 人人可见的页面：首页、列表、商品、店铺。

home-title = 批发市场
home-description = 多家卖家的批发货源，阶梯价、起批量清晰，货款在您确认收货前由平台担保。
home-categories = 全部类目
home-promise-title = 您可以放心
home-promise-held = 货款担保。
home-promise-held-text = 您确认收货后（或签收满十天）卖家才能收到货款。
home-promise-read = 查看必留痕。
home-promise-read-text = 任何人查看您的姓名、地址或电话，都会留下您可查阅的记录。
home-promise-same = 人人同序同价。
home-promise-same-text = 本市场的排序和价格不因人而异。
home-best = 热销货源
home-general = 更多货源
home-more = 查看全部
home-empty = 暂无商品
home-empty-text = 卖家正在上架，敬请期待。

list-all = 全部商品
list-search = 搜索“{ $words }”
list-description = { $what }：阶梯价批发，起批量清晰
list-loosely = 没有同时包含全部词语的商品，以下商品包含部分词语。
list-read-as = 没有找到“{ $typed }”，以下为“{ $words }”的结果。
list-exactly = 仍按“{ $typed }”搜索
list-meant = 您是否要找
list-nothing = 没有找到商品
list-nothing-text = 请减少或更换关键词，或浏览类目。
list-nothing-filtered = 没有商品同时符合全部筛选条件，请去掉一项或全部。
list-unfiltered = 不加筛选重新搜索
sort-general = 综合
sort-sales = 销量
sort-price = 价格 ↑
sort-price-down = 价格 ↓
filter-category = 类目
filter-minimum = 起批量
filter-minimum-up-to = { $n } 以内
filter-minimum-chosen = 起批量 { $n } 以内
filter-in-stock = 有现货
filter-stock = 库存
filter-place = 发货地
filter-seller = 卖家
filter-price-from = { $price } 起
filter-price-to = { $price } 以下

suggest-category = 类目
suggest-goods = 商品

product-down = 卖家已下架该商品，暂时无法订购。
product-shop-paused = 该店铺暂停营业，暂时无法订购其商品。
product-freight = 每单运费 { $price }
product-freight-free = 包邮
product-freight-until = 运费 { $price }，满 { $from } 包邮
product-ships = { $hours } 小时内发货
product-held = 确认收货前货款由平台担保
product-about = 商品介绍
product-attributes = 商品参数
product-to-shop = 进入店铺

shop-since = { $year } 年起经营
shop-contact = 联系方式
shop-empty = 暂无在售商品
shop-empty-text = 该店铺目前没有在售商品。
