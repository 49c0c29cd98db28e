"""What a password's hash costs whoever wants to guess it."""

from foothold_alerts.people.passwords import Passwords


async def test_a_hash_costs_64_mib_and_three_passes() -> None:
    kept = await Passwords().hash("correct horse battery staple")

    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
