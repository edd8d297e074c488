# Pages that anybody may open: home, lists, products, shops, sign-in and registration.
