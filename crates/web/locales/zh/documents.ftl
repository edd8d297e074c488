# 公开文件。

document-download = 下载为单个文件
document-digest = 现行政策摘要值：{ $digest }
document-contents = 目录
cookies-intro = 本市场仅设置运行所必需的 Cookie，不做跟踪，也没有第三方设置任何内容。
cookies-refuse = 不使用 Cookie 仍可浏览和搜索；登录需要第一项。
cookie-name = 名称
cookie-why = 用途
cookie-life = 期限
cookie-session = 保持登录状态（KeepSession）
cookie-session-life = 最后使用后 30 天，或至您退出登录
cookie-session-staff = 保持运营方工作人员的登录状态（KeepSession）
cookie-session-staff-life = 最后使用后 12 小时，或至其退出登录
cookie-form = 登录前保护表单安全（KeepSession）
cookie-form-life = 至您关闭浏览器
permissions = 系统权限
permissions-none = 本市场不申请任何设备权限：不使用相机、相册、麦克风、位置、通知和剪切板。
rights-intro = 无论是否有账号，您都可以查阅、更正、复制、删除您的信息，并撤回同意。
rights-see = 查看谁看过您的信息：
rights-consents = 撤回同意：
rights-ask = 其他事项以及没有账号的个人，请联系下列隐私部门。
rights-days = 我们在 15 天内免费答复。如对答复不满意，您可向个人信息保护主管部门投诉或提起诉讼。
contact-company = 公司
contact-service = 客服
contact-department = 隐私部门
contact-officer = 个人信息保护负责人
