# Cart, checkout, payment, orders.

save = Save
sum-goods = Goods
sum-freight = Freight
sum-total = Total

cart-empty = Your cart is empty
cart-empty-text = Put in what you mean to order; you can order from several sellers at once.
cart-browse = Look at goods
cart-summary = Your order
cart-chosen = { $n ->
    [one] 1 line chosen
   *[other] { $n } lines chosen
}
cart-choose = Choose { $what } for the order
cart-choose-all = Choose everything
cart-choose-first = Choose what you want to order.
cart-mend-first = Some chosen lines cannot be ordered as they stand; they are marked.
cart-check-out = Check out
cart-update = Update
cart-remove = Remove
cart-until-free = { $price } more for free freight
cart-not-offered = no longer offered
cart-short = only { $n } left
cart-dropped = { $price } cheaper than when you added it
cart-reminders = Tell me of lower prices
cart-nothing-wanted = Say how many you want.

checkout = Check out
checkout-where = Where shall it go?
checkout-to = Consignee
checkout-type = Type an address
checkout-first-own = To me
checkout-new-own = Another address of mine
checkout-new-another = To somebody else
checkout-keep-where = You can withdraw it under My Hanse, Consents.
checkout-notes = Note to the seller
checkout-note-to = Note to { $shop }
checkout-note-hint = Only this seller reads it.
checkout-place = Place order
checkout-look-again = Something of this page was lost on its way. Look the order over and place it once more; nothing was ordered.
checkout-held = Your money is held until you confirm receipt, or ten days after delivery.
checkout-back = Back to the cart
consignee-name = Consignee’s name
consignee-phone = Consignee’s telephone
consignee-phone-hint = For the courier. Numbers without a country code are taken as Chinese.
consignee-address = Address
consignee-address-hint = Province, city, district, street and number.
consignee-alt-phone = Other telephone
consignee-erased = The consignee has had their data erased.
delivery-time = Wished delivery time
delivery-time-hint = For example: weekdays, 9 to 17.
assurance = Assurance for somebody else
assurance-hint = Needed only where the consignee is not you.

pay-title = Payment
pay-paid = Paid
pay-paid-text = The payment has arrived. The sellers are told to ship.
pay-until = Please pay within { $left }; then the order closes and the goods go back on the shelf.
pay-orders = Orders
pay-go = Pay
pay-unconfirmed = You went to the payment company on { $when }. If you have paid there, do not pay again: it has not told us yet, and we keep asking. This order becomes “Paid” as soon as it answers, usually within minutes.
pay-disputed = The payment company reported another amount than this order’s. That money pays for nothing and goes back to you; the order still waits to be paid.
pay-no-longer = No longer to be paid
pay-nothing = Nothing to pay
pay-nothing-text = These orders were cancelled, closed or refunded, so nothing is to be paid any more. Open an order to see what happened.
pay-what-goes = The payment company gets the payment’s number, the amount and a random reference, nothing about the goods or the consignee.

step-placed = Ordered
state-placed = To pay
state-paid = Paid
state-shipped = Shipped
state-received = Delivered
state-completed = Completed
state-cancelled = Cancelled
state-closed = Closed, unpaid
state-refunded = Refunded

orders-all = All
orders-to-pay = To pay
orders-to-ship = To be shipped
orders-on-way = On the way
orders-to-confirm = To confirm
orders-ended = Ended
orders-search = Search your orders
orders-empty = No orders here
orders-empty-text = What you order stands here with its way from payment to receipt.
orders-more-lines = and { $n } more
orders-open = Open
orders-show-hidden = Show hidden orders
orders-show-visible = Back to the visible orders

order-title = Order { $number }
order-delivery = Delivery
order-who-reads = Whoever opens these leaves a line:
order-kept-until = the law has the record kept until { $when }
order-cancel = Cancel order
order-ask-refund = Call off and refund
order-confirm = Confirm receipt
order-confirm-until = The parcel was delivered. Receipt counts as confirmed in { $left }; then the seller gets the money.
order-waits-for-seller = Your money is held. The seller is preparing the parcel.
order-on-way = The parcel is on its way. Confirm only when you have the goods: then the seller gets the money.
order-completed = The trade is completed, and the seller has the money.
order-closed = By the end of its time the payment company had told us of no payment, so this order was closed and the goods are back on the shelf. If you did pay, the money goes back to you by itself, and you see it here.
order-ended = This order has ended; the goods are back on the shelf.
order-hide = Hide from my list
order-unhide = Show in my list again
said-order-cancelled = The order is cancelled.
said-refund-asked = The order is called off; the money is on its way back.
said-confirmed = Receipt confirmed. The seller gets the money.

refund-asked = { $price } is on its way back to you.
refund-done = { $price } was paid back.
refund-failed = The refund of { $price } needs the operator’s help, who has been told.

parcel = Parcel
waybill = Waybill
parcel-failed-text = The courier could not deliver the parcel. Most try again by themselves. If nothing happens within two days, buyer and seller should speak to each other.
parcel-why-refused = it was not accepted at the door
parcel-why-nobody-there = nobody was there
parcel-why-lost = the parcel is lost
parcel-why-other = the courier gave no reason that we know
parcel-asked = waybill requested
parcel-refused = waybill refused
parcel-ready = ready for pickup
parcel-accepted = accepted
parcel-in-transit = in transit
parcel-out = out for delivery
parcel-failed = delivery failed
parcel-delivered = delivered
parcel-cancelled = cancelled
