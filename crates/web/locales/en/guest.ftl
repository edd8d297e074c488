# What everybody sees: home, lists, goods, shops.

home-title = Wholesale marketplace
home-description = Wholesale goods from many sellers, with tier prices, minimum orders and money held until you confirm receipt.
home-categories = Categories
home-promise-title = What you can rely on
home-promise-held = Your money is held.
home-promise-held-text = The seller gets it when you confirm receipt, or ten days after delivery.
home-promise-read = Nobody reads your data unseen.
home-promise-read-text = Every look at your name, address or telephone leaves a line that you can read.
home-promise-same = The same order for everybody.
home-promise-same-text = No list and no price on this marketplace depends on who you are.
home-best = Most sold
home-general = More goods
home-more = Show all
home-empty = No goods yet
home-empty-text = Sellers are just setting up. Come back soon.

list-all = All goods
list-search = Search “{ $words }”
list-description = { $what }: wholesale with tier prices and minimum orders
list-loosely = No goods have all the words; these have some of them.
list-read-as = Nothing has “{ $typed }”. These are the goods for “{ $words }”.
list-exactly = Search for “{ $typed }” as typed
list-meant = Did you mean
list-nothing = Nothing found
list-nothing-text = Try fewer or other words, or look through the categories.
list-nothing-filtered = Nothing passes all the filters together. Take one away, or all.
list-unfiltered = Search without filters
sort-general = General
sort-sales = Sales
sort-price = Price ↑
sort-price-down = Price ↓
filter-category = Category
filter-minimum = Minimum order
filter-minimum-up-to = up to { $n }
filter-minimum-chosen = minimum order up to { $n }
filter-in-stock = In stock
filter-stock = Availability
filter-place = Sent from
filter-seller = Seller
filter-price-from = from { $price }
filter-price-to = up to { $price }

suggest-category = Category
suggest-goods = Product

product-down = The seller has taken this product off the shelf. It cannot be ordered now.
product-shop-paused = This shop is paused. Its goods cannot be ordered now.
product-freight = Freight { $price } per order
product-freight-free = Freight included
product-freight-until = Freight { $price }, free from { $from }
product-ships = ships within { $hours } h
product-held = Your money is held until you confirm receipt
product-about = About these goods
product-attributes = Details
product-to-shop = Visit the shop

shop-since = trading since { $year }
shop-contact = Contact
shop-empty = Nothing on the shelf
shop-empty-text = This shop has no goods for sale at the moment.
