# Published documents.

document-download = Save as one file
document-digest = Digest of the policy in force: { $digest }
document-contents = Contents
cookies-intro = This marketplace sets only what it cannot work without. There is no tracking, and nobody else sets anything.
cookies-refuse = Without cookies you can browse and search; signing in needs the first one.
cookie-name = Name
cookie-why = What for
cookie-life = How long
cookie-session = keeps you signed in (KeepSession)
cookie-session-life = 30 days after the last use, or until you sign out
cookie-session-staff = keeps the operator’s staff signed in (KeepSession)
cookie-session-staff-life = 12 hours after the last use, or until they sign out
cookie-form = keeps forms safe before you sign in (KeepSession)
cookie-form-life = until you close the browser
permissions = Permissions
permissions-none = This marketplace asks your device for no permission: no camera, no album, no microphone, no place, no notifications, no clipboard.
rights-intro = You can see, correct, copy and delete your information, and take back what you agreed to, with or without an account.
rights-see = See who read your information:
rights-consents = Withdraw a consent:
rights-ask = For everything else, and for people without an account, write to the privacy department below.
rights-days = Answers come within 15 days, free of charge. If an answer does not satisfy you, you can complain to the authority in charge of personal information protection or go to court.
contact-company = Company
contact-service = Customer service
contact-department = Privacy department
contact-officer = Person in charge of personal information protection
