# 单个字段的问题，说明该怎么做。键来自 `policy::Invalid` 与 `form.rs`。

invalid-missing = 请填写此项。
invalid-too-short = 至少 { $limit } 个字符。
invalid-too-long = 最多 { $limit } 个字符。
invalid-phone = 请输入电话号码，例如 138 0013 8000 或 0571-8800 0001。
invalid-email = 请输入邮箱地址，例如 name@company.com。
invalid-member-name = 请使用文字、数字、- 和 _，不能全为数字。
invalid-characters = 含有不能使用的字符，请去掉特殊符号后重新输入。
invalid-trivial-password = 这个密码太常见，容易被猜到，请换一个。
invalid-number = 请输入整数。
invalid-range = 请输入 { $min } 到 { $max } 之间的数。
invalid-money = 请输入金额，例如 118 或 118.50。
invalid-money-range = 请输入 { $min } 到 { $max } 之间的金额。
invalid-choice = 请选择其中一项。
