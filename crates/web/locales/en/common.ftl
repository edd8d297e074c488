# Words of the frame and of the components. Areas of the site have files of their own.

skip = Skip to the content
colon = {": "}
list-separator = {", "}
optional = (optional)
back = Back
apply = Apply
remove = remove
remove-all = Remove all
copy = Copy
copied = Copied
important = Important:{" "}
reveal = Show
progress = Progress
step-done = done

# Head
search = Search
search-goods = Search goods
suggestions = Suggestions
suggestions-found = { $n } suggestions: up and down to choose
nav-main = Your things
nav-orders = Orders
nav-cart = Cart
nav-my = Account
nav-sell = Sell
nav-console = Console
sign-in = Sign in
sign-out = Sign out
register = Register

# The first page of a visit
first-visit = Look around without an account: we keep only what showing pages safely needs, and ask before anything more.
first-visit-close = Got it

# Foot
privacy-policy = Privacy policy
your-rights = Your rights
cookies = Cookies
contact = Contact
contact-us = Contact us
foot-trade = Trade
foot-categories = All categories
foot-sell = Sell here
foot-privacy = Privacy
foot-collected = What we collect
foot-partners = Partners who get data
foot-operator = Operated by
foot-promise = Nobody reads your sealed information without leaving a line that you can see.

# Ways through
crumbs = You are here
pages = Pages
page-first = To the beginning
page-previous = Previous
page-next = Next
page-number = Page { $n }
to-home = To the start page

# Lists
results-count = { $n ->
    [one] 1 product
   *[other] { $n } products
}
sort-by = Sort by
sort-neutral = The same order for everybody
sort-personal = In an order made for you
filters = Filter
filter-price = Price
filter-lowest = Lowest price
filter-highest = Highest price
card-minimum = Min. { $n } { $unit }
card-sold = { $n } sold

# Buying
tiers = Price by quantity
tier-last = { $n } { $unit } and more
tier-applies = Your price
variants = Variants
price = Price
in-stock = In stock
sold-out = Sold out
quantity = Quantity
quantity-of = Quantity of { $what }
less-of = Less of { $what }
more-of = More of { $what }
picture-number = Picture { $n }
add-to-cart = Add to cart
order-now = Order now
to-cart = To the cart
purchase-minimum = Minimum order { $n } { $unit }; variants count together.
purchase-next = { $n } more { $unit } reach { $price }.
purchase-lacking = { $n } more { $unit } to order.
purchase-added = Added to your cart.

# Times
time-today = Today { $clock }
time-yesterday = Yesterday { $clock }
time-just-now = just now
time-minutes-ago = { $n ->
    [one] 1 minute ago
   *[other] { $n } minutes ago
}
time-hours-ago = { $n ->
    [one] 1 hour ago
   *[other] { $n } hours ago
}
time-days-ago = { $n ->
    [one] 1 day ago
   *[other] { $n } days ago
}
time-left-days = { $days ->
    [one] 1 day
   *[other] { $days } days
} { $hours } h
time-left-hours = { $hours } h { $minutes } min
time-left-minutes = { $minutes } min

# Consent
consent-refusal = If you refuse
consent-yes = Agree
consent-no = Refuse
consent-withdraw = You can withdraw it at any time, as easily as you gave it:
consent-words-changed = These words have changed since you opened the page. Read them once more, then answer.
notice-all = All about this
consent-version = section { $section } of the privacy policy, version { $version }
policy-section = section { $section }

# After a form
said-saved = Saved.
errors-title = Please look at these again

# When it cannot be done
failure-bad-request = This request makes no sense to us
failure-bad-request-text = It may have been cut short on its way. Go back and try once more.
failure-unreadable-form = This form could not be read
failure-unreadable-form-text = It was cut short on its way, or a file has a name that cannot be sent; nothing was done. Go back, give the file a plain name and send the form again.
failure-stale-form = Please send the form once more
failure-stale-form-text = The page was open for a long time, or your session has changed. Go back, load the page anew and send it again; nothing was done.
failure-forbidden = You cannot open this page
failure-forbidden-text = It needs an account that is allowed to. If yours should be, write to us.
failure-not-found = There is no such page
failure-not-found-text = It may have been removed, or the address has a mistake. Search above, or begin at the start page.
failure-conflict = Something has changed meanwhile
failure-conflict-text = Somebody else was first. Load the page anew to see how things stand; nothing was done.
failure-too-large = That is too much at once
failure-too-large-text = What you sent is larger than we take. Make it smaller or send it in parts.
failure-too-many = That was a little fast
failure-too-many-text = { $minutes ->
    [one] Please wait a minute and try again.
   *[other] Please wait { $minutes } minutes and try again.
}
failure-fault = Something went wrong on our side
failure-fault-text = We have noted it. Try again in a moment; if it stays, write to us with the number below.
failure-fault-id = Number { $id }
failure-unavailable = We are busy at the moment
failure-unavailable-text = Nothing is lost. Please try again in a minute.
