# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many requests a service is sent at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.caas.zun.plugins.module_utils.services.pace import Pace


def test_half_as_many_when_it_is_too_much() -> None:
    pace = Pace(16)
    with pace.turn() as one, pace.turn() as two, pace.turn() as three:
        pass
    assert pace.allowed == 16
    with pace.turn() as one, pace.turn() as two, pace.turn() as three:
        pace.slower(one)
        # They were sent before there were fewer.
        pace.slower(two)
        pace.slower(three)
    assert pace.allowed == 2
    for _turn in range(10):
        with pace.turn() as turn:
            pass
        pace.slower(turn)
    assert pace.allowed == 1


def test_slowly_more_again() -> None:
    pace = Pace(8)
    pace.slower(0)
    assert pace.allowed == 1
    answers = 0
    while pace.allowed < 8:
        pace.faster()
        answers += 1
    assert 20 < answers < 60
    for _turn in range(100):
        pace.faster()
    assert pace.allowed == 8


def test_others_wait_for_their_turn() -> None:
    pace = Pace(2)
    lock = threading.Lock()
    under_way, most = 0, 0

    def work(_index: int) -> None:
        nonlocal under_way, most
        with pace.turn():
            with lock:
                under_way += 1
                most = max(most, under_way)
            time.sleep(0.01)
            with lock:
                under_way -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(16)))
    assert most == 2
