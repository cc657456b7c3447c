"""Answers: a consumer buys the result of a question, never the rows.

`spec` says what may be asked of a dataset, `question` what is asked, `prepare` makes the table
that bounds what one unit contributes, `sensitivity` derives what one unit can change, `exact` sums,
`noise` hides, `figures` tells the result with its error.
"""
