# What is wrong with one field, as a sentence that says what to do. Keys come from `policy::Invalid` and `form.rs`.

invalid-missing = Please fill this in.
invalid-too-short = Use at least { $limit } { $limit ->
    [one] character
   *[other] characters
}.
invalid-too-long = Use at most { $limit } { $limit ->
    [one] character
   *[other] characters
}.
invalid-phone = Enter a telephone number, for example 138 0013 8000 or +49 30 123456.
invalid-email = Enter a mail address, for example name@company.com.
invalid-member-name = Use letters, digits, - and _; it cannot be digits only.
invalid-characters = It holds characters that cannot be used here. Type it anew, without special signs.
invalid-trivial-password = This password is among the first that anybody would try. Choose another.
invalid-number = Enter a whole number in digits.
invalid-range = Enter a number from { $min } to { $max }.
invalid-money = Enter an amount, for example 118 or 118.50.
invalid-money-range = Enter an amount from { $min } to { $max }.
invalid-choice = Choose one of these.
