# Why part `trade` refused something, and what the person can do. Keys and arguments come from `trade::Refused`.
refused-trade-address-book-full = Your address book holds { $max } addresses. Remove one that you no longer need, then save this one.
refused-trade-address-book-off = You have not agreed to keeping addresses, so none is saved. Agree first, or type the address for each order.
refused-trade-assurance-missing = You are ordering for somebody else. Make sure that they agree, and tick the box that says so.
refused-trade-below-minimum = { $title_en }: the minimum order is { $minimum }, you have chosen { $quantity }. Add to it, or leave it out of this order.
refused-trade-cart-full = A cart holds { $max } lines. Order or remove some of them first.
refused-trade-no-such-address = This address is no longer in your address book. Choose another one or type it.
refused-trade-no-such-order = There is no such order among yours. Look it up in your list of orders.
refused-trade-not-allowed-now = { $to ->
    [cancelled] This order can no longer be cancelled
    [paid] This order can no longer be paid
    [refunded] A refund can no longer be asked for here
    [shipped] This order cannot be shipped
    [received] This order cannot be marked as delivered
    [completed] Receipt of this order cannot be confirmed
   *[other] This is not possible
    }: it is { $from ->
    [placed] waiting for payment
    [paid] paid and waiting to be shipped
    [shipped] on its way
    [received] delivered
    [completed] completed
    [cancelled] cancelled
    [closed] closed because it was not paid in time
   *[refunded] refunded
    }. Reload the order to see what you can do.
refused-trade-not-in-cart = This is no longer in your cart. Add it again from the product's page.
refused-trade-not-offered = Something you chose is no longer for sale. Remove it from the cart to go on.
refused-trade-not-offered-named = { $title_en } is no longer for sale as you chose it. Remove it from the cart to go on.
refused-trade-note-to-nobody = A note is meant for a seller from whom you are not ordering. Go back to the cart and try again.
refused-trade-nothing-chosen = Nothing is chosen. Choose something first, then go on.
refused-trade-order-still-open = This order is still under way. You can hide it when it is completed, cancelled or refunded.
refused-trade-own-shop = { $title_en } is from your own shop. You cannot order from yourself.
refused-trade-price-changed = The total changed from { $seen } to { $now } since you opened this page. Look it over, then order again if you agree.
refused-trade-quantity = Choose a quantity from 1 to { $max }.
refused-trade-sent-before = This order was sent before with other details, and then became { $orders }. Nothing new was placed. Look at that order first; to order more, go to your cart.
refused-trade-short = { $title_en }, { $variant_en }: only { $left } left. Lower the quantity, then order again.
refused-trade-too-much = The amount is too large for one order. Split it into several orders.
refused-trade-hook-address = Give an address that begins with https://, of at most 500 characters, without a password and without #.
refused-trade-hook-port = Use the usual port (443), or one from 1024 to 65535.
refused-trade-hook-unknown = This name leads nowhere. Check the spelling, or wait until your name server knows it.
refused-trade-hook-not-public = This address leads into a private network, where we send nothing. Use one that is reached from the internet.
refused-trade-hook-name = Give it a name of up to { $max } characters, on one line.
refused-trade-hook-off = This webhook is turned off. Turn it on first.
refused-trade-hook-test-soon = You have just sent a test. Wait five seconds.
refused-trade-hook-topics = Choose at least one event.
refused-trade-hooks-full = A shop has at most { $max } webhooks. Delete one you no longer need.
refused-trade-no-such-hook = There is no such webhook or delivery.
