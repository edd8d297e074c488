# A member's own pages: account, addresses, privacy.
