"""What each client key may use: requests and tokens a minute, requests at once, budgets of a day and a month."""
