"""The story, step by step, in the order in which it happens."""

from . import protecting, proving, publishing, reading
from .stage import Step

STORY = (
    Step("Parties", "Three providers, a start-up and a citizen sign up", publishing.register),
    Step("Publish", "Providers describe four datasets", publishing.describe),
    Step("Publish", "Aarhus publishes parking (gzipped CSV)", publishing.publish_parking),
    Step("Publish", "Aarhus publishes road segments (CSV)", publishing.publish_roads),
    Step("Publish", "The TSO publishes prices and CO2 (Parquet)", publishing.publish_prices),
    Step("Publish", "The heat company delivers buildings (gzipped CSV)", publishing.deliver_heat),
    Step("Publish", "It sets the policy proposed; nobody is in it", publishing.publish_heat),
    Step("Publish", "A second delivery of parking arrives", publishing.publish_parking_again),
    Step("Protect", "It delivers hourly readings of 600 homes", protecting.deliver_readings),
    Step("Protect", "Rows of homes by the hour are refused", protecting.refuse_rows),
    Step("Protect", "It gives answers instead of rows", protecting.give_answers),
    Step("Protect", "The start-up asks: price, answer, error", protecting.ask),
    Step("Protect", "A budget ends; no question is about one home", protecting.refuse_overspending),
    Step("Protect", "A certificate is verified on the release", protecting.verify_certificate),
    Step("Agree", "Providers make offers with clauses", publishing.offer),
    Step("Agree", "The start-up searches in two languages", reading.search),
    Step("Agree", "It sees schema, units, profile, quality, preview", reading.look),
    Step("Agree", "It accepts offers, which become contracts", reading.accept),
    Step("Agree", "It takes Delta Sharing profile files", reading.take_profiles),
    Step("Prove", "The citizen notes the log's checkpoint", proving.keep_checkpoint),
    Step("Read", "It reads with pandas, as parquet and as delta", reading.read_with_pandas),
    Step("Read", "It reads the change feed", reading.read_changes),
    Step("Read", "It reads over REST in five formats", reading.read_over_rest),
    Step("Refuse", "A withheld column is refused and is in no byte", reading.refuse_column),
    Step("Refuse", "A citizen asks for the start-up's share", reading.refuse_strangers),
    Step("Refuse", "A contract expires", reading.refuse_expired),
    Step("Refuse", "A provider revokes a contract", reading.refuse_revoked),
    Step("Prove", "What was delivered is metered", proving.meter),
    Step("Prove", "The log is sealed; proofs are taken home", proving.seal),
    Step("Prove", "Inclusion and consistency are verified offline", proving.verify),
    Step("Prove", "A changed fact is detected", proving.tamper),
)
