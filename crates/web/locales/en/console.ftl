# The operator's console.

console-sign-in = Staff sign-in
console-sign-in-text = For the marketplace’s staff only. Members sign in at the top of the page.
console-account = Staff account
console-overview = Console
console-overview-text = What needs somebody of the staff now.
console-nothing-for-role = Your role has no pages here yet.
console-applications = Applications waiting
console-disputed = Payments of another amount
console-refunds = Refunds to look at
console-payouts = Payouts to look at
console-dead = Jobs that gave up

console-shops = Shops
console-open = Open
console-paused = Paused
console-refused = Refused
console-closed = Closed
console-shops-empty = No shop is in this state.
console-orders = Orders
console-orders-text = The record of all trades, as the law has it kept: each order's number, shop, state and amount. Nobody's name, telephone or address stands here.
console-orders-search = An order's number
console-orders-empty = No order is in this state, or has this number.
console-shop = Shop
console-intro = About the shop
console-place = Sends from
console-decided-at = Decided on
console-decide = Decision
console-look = Look and decide
console-reason-hint = The seller reads it: say what is wrong and how to mend it.
console-approve = Approve
console-refuse = Refuse
console-pause = Pause
console-resume = Resume
console-papers = Filed papers
console-filed-at = Filed on
console-papers-note = That you opened these stands in the ledger; the persons named can read it.
said-shop-approved = The shop is open.
said-shop-refused = The application is refused; the seller reads the reason.
said-shop-paused = The shop is paused; the seller reads the reason.
said-shop-resumed = The shop is open again.

console-money = Money
console-money-text = Where all money is, and what needs an eye.
console-trial = Trial balance
console-trial-holds = The books balance.
console-trial-off = The books do not balance. Stop payouts and look at the entries.
console-sum = Sum of all postings
console-unbalanced = Entries that do not balance
console-overdrawn = Overdrawn balances
console-accounts = Accounts
console-account-provider = Payment company
console-account-held = Held for buyers
console-account-seller = Sellers’ balances
console-account-commission = Commission
console-account-paid-out = Paid out
console-checks = Daily checks against the payment company’s bill
console-checks-empty = No day has been checked yet.
console-day = Day
console-compared = Compared
console-differences = Differences (ours / theirs)
console-no-difference = none
console-number = Number
console-when = When
console-state = State
console-failed = Failed
console-waits = Waiting
console-given-back = given back
console-on-way-back = on its way back
console-none = None.
console-again = Try again
said-refund-again = The payment company is asked again.

console-jobs = Background work
console-jobs-text = Jobs that failed too often stand here until somebody lets them run again.
console-kind = Kind
console-attempts = Attempts
console-error = Last error
console-dead-none = Everything runs
console-dead-none-text = No job has given up.
console-dead-count = { $n ->
    [one] 1 job gave up.
   *[other] { $n } jobs gave up.
}
said-job-revived = The job runs again.
said-job-not-dead = That job had not given up, or runs again already.
