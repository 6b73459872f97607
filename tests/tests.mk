# Targets that check, measure and show.
