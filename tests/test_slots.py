"""A bounded queue: first come, first served; full is said at once; nothing leaks when clients leave."""

import asyncio
import random

import pytest

from chatstylebot.serving.slots import Full, Slots


def test_the_one_too_many_is_told_when_to_come_again() -> None:
    async def go() -> None:
        slots = Slots(1, 1, 5)
        async with slots.take(1):
            waiting = asyncio.create_task(_hold(slots, 1))
            await asyncio.sleep(0)
            with pytest.raises(Full) as full:
                async with slots.take(1):
                    pass
            assert 1 <= full.value.retry_after <= 60
        await waiting
        assert (slots.busy, len(slots.queue)) == (0, 0)

    asyncio.run(go())


async def _hold(slots: Slots, wanted: int, seconds: float = 0) -> None:
    async with slots.take(wanted):
        await asyncio.sleep(seconds)


def test_a_small_request_does_not_overtake_a_large_one_that_waits() -> None:
    async def go() -> list[str]:
        slots, order = Slots(2, 8, 5), []

        async def one(name: str, wanted: int) -> None:
            async with slots.take(wanted):
                order.append(name)
                await asyncio.sleep(0.01)

        names = [("first", 1), ("both", 2), ("small", 1)]
        await asyncio.gather(*(one(*name) for name in names))
        return order

    assert asyncio.run(go()) == ["first", "both", "small"]


def test_more_answers_than_slots_take_all_slots_and_do_not_wait_for_ever() -> None:
    asyncio.run(asyncio.wait_for(_hold(Slots(2, 0, 5), 4), 5))


def test_patience_ends() -> None:
    async def go() -> None:
        slots = Slots(1, 4, 0.02)
        async with slots.take(1):
            with pytest.raises(Full):
                async with slots.take(1):
                    pass
        assert (slots.busy, len(slots.queue)) == (0, 0)

    asyncio.run(go())


@pytest.mark.parametrize("seed", range(20))
def test_clients_that_leave_at_any_moment_leak_no_slot(seed: int) -> None:
    dice = random.Random(seed)

    async def go() -> Slots:
        slots = Slots(3, 20, 0.05)
        tasks = [asyncio.create_task(_hold(slots, dice.randint(1, 3), dice.random() * 0.01)) for _ in range(40)]
        for task in tasks:
            if dice.random() < 0.5:
                await asyncio.sleep(dice.random() * 0.002)
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return slots

    slots = asyncio.run(go())
    assert (slots.busy, len(slots.queue)) == (0, 0)
