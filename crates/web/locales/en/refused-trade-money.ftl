# What paying, shipping and payouts are refused, and what to do about it.
refused-trade-no-such-refund = There is no refund here that could be tried again.
refused-trade-nothing-to-pay = There is nothing left to pay here: these orders are paid, cancelled or closed. Look them up under your orders.
refused-trade-nothing-to-pay-out = There is nothing to pay out now: your balance is empty, or a payout is already on its way.
refused-trade-parcel-weight = Give the parcel's weight, from 1 gram to { $max } kilograms.
refused-trade-payment-time-over = The time for paying is over and the orders are being closed. Place the order again.
refused-trade-payment-under-way = This order is just being paid in another window. Wait a moment, then try again.
refused-trade-unknown-carrier = Choose one of the couriers in the list.
refused-trade-waybill-under-way = This order has a waybill, or is waiting for one. You need not ask again.

# Why a payout did not arrive. The amount is part of the seller's balance again.
payout-failed-account = The payment company cannot pay to your settlement account. Correct the account, then ask for the payout again.
payout-failed-owner = The shop's owner can no longer be paid. Please contact customer service.
payout-failed-marketplace = The payout could not be made, through no fault of yours. We will try again within a day.
payout-failed-other = The payment company did not make the payout. We will try again within a day; you can also ask for it now.

# Why there is no waybill. The seller may ask again.
waybill-unanswered = The logistics platform does not answer at the moment. We ask again by ourselves, also for hours if need be; nothing is lost, and nothing is to be done.
waybill-refused-address = The courier does not deliver to this address. Choose another courier, or agree with the buyer on another address.
waybill-refused-courier = This courier cannot be used at the moment. Choose another one.
waybill-refused-consignee = The consignee's details can no longer be used for a delivery. Contact the buyer, or give the order back.
waybill-refused-other = The logistics platform gave no waybill. Check the parcel's details and try again.
