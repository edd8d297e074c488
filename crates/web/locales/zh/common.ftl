# 页面框架与组件的用词。各板块另有文件。

skip = 跳到正文
colon = ：
list-separator = 、
optional = （选填）
back = 返回
apply = 确定
remove = 移除
remove-all = 全部清除
copy = 复制
copied = 已复制
important = 重要：
reveal = 查看
progress = 进度
step-done = 已完成

# 页头
search = 搜索
search-goods = 搜索商品
suggestions = 搜索建议
suggestions-found = 有 { $n } 条建议，用上下键选择
nav-main = 我的入口
nav-orders = 订单
nav-cart = 进货单
nav-my = 我的
nav-sell = 卖家中心
nav-console = 运营台
sign-in = 登录
sign-out = 退出登录
register = 注册

# 首次访问
first-visit = 无需账号即可浏览：我们只保留安全展示页面所必需的信息，更多信息会事先征得您的同意。
first-visit-close = 知道了

# 页脚
privacy-policy = 隐私政策
your-rights = 您的权利
cookies = Cookie 说明
contact = 联系方式
contact-us = 联系我们
foot-trade = 交易
foot-categories = 全部类目
foot-sell = 我要开店
foot-privacy = 隐私
foot-collected = 个人信息收集清单
foot-partners = 第三方共享清单
foot-operator = 运营方
foot-promise = 任何人读取您的加密信息，都会留下一条您可以查看的记录。

# 导航
crumbs = 当前位置
pages = 分页
page-first = 回到开头
page-previous = 上一页
page-next = 下一页
page-number = 第 { $n } 页
to-home = 去首页

# 列表
results-count = { $n } 件商品
sort-by = 排序
sort-neutral = 所有人看到的顺序相同
sort-personal = 按您的偏好排序
filters = 筛选
filter-price = 价格
filter-lowest = 最低价
filter-highest = 最高价
card-minimum = { $n } { $unit }起批
card-sold = 已售 { $n }

# 购买
tiers = 阶梯价格
tier-last = { $n } { $unit }及以上
tier-applies = 当前价
variants = 规格
price = 单价
in-stock = 库存
sold-out = 已售罄
quantity = 数量
quantity-of = { $what } 的数量
less-of = 减少 { $what }
more-of = 增加 { $what }
picture-number = 第 { $n } 张图片
add-to-cart = 加入进货单
order-now = 立即订购
to-cart = 去进货单
purchase-minimum = { $n } { $unit }起批，规格可混批。
purchase-next = 再加 { $n } { $unit }，单价降至 { $price }。
purchase-lacking = 还差 { $n } { $unit }起批。
purchase-added = 已加入进货单。

# 时间
time-today = 今天 { $clock }
time-yesterday = 昨天 { $clock }
time-just-now = 刚刚
time-minutes-ago = { $n } 分钟前
time-hours-ago = { $n } 小时前
time-days-ago = { $n } 天前
time-left-days = { $days } 天 { $hours } 小时
time-left-hours = { $hours } 小时 { $minutes } 分钟
time-left-minutes = { $minutes } 分钟

# 同意
consent-refusal = 如果拒绝
consent-yes = 同意
consent-no = 拒绝
consent-withdraw = 您可以随时撤回同意，与同意同样方便：
consent-words-changed = 您打开页面后，此处的说明已有更新。请重新阅读后再作答。
notice-all = 完整说明
consent-version = 隐私政策第 { $section } 节，版本 { $version }
policy-section = 第 { $section } 节

# 提交之后
said-saved = 已保存。
errors-title = 请检查以下内容

# 无法完成
failure-bad-request = 无法识别该请求
failure-bad-request-text = 请求可能在传输中被截断。请返回后重试。
failure-unreadable-form = 无法读取该表单
failure-unreadable-form-text = 表单在传输中被截断，或文件名中含有无法发送的字符；刚才的操作没有生效。请返回，将文件改为简单的名称后重新提交。
failure-stale-form = 请重新提交表单
failure-stale-form-text = 页面打开时间过长，或登录状态已变化。请返回并刷新页面后再次提交；刚才的操作没有生效。
failure-forbidden = 您无法打开此页面
failure-forbidden-text = 需要有相应权限的账号。如果您的账号应有权限，请联系我们。
failure-not-found = 页面不存在
failure-not-found-text = 页面可能已被移除，或地址有误。您可以在上方搜索，或从首页开始。
failure-conflict = 情况已发生变化
failure-conflict-text = 已有他人先行操作。请刷新页面查看最新情况；刚才的操作没有生效。
failure-too-large = 提交的内容过大
failure-too-large-text = 您提交的内容超出了限制。请缩小后重试，或分次提交。
failure-too-many = 操作过于频繁
failure-too-many-text = 请 { $minutes } 分钟后再试。
failure-fault = 我们这边出了点问题
failure-fault-text = 问题已被记录。请稍后重试；如果仍未解决，请把下面的编号告诉我们。
failure-fault-id = 编号 { $id }
failure-unavailable = 系统繁忙
failure-unavailable-text = 您的内容不会丢失，请一分钟后再试。
