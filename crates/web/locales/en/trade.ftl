# Cart, checkout, orders, payment, parcels.
