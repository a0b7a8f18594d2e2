"""Interleaved rounds: in each, every lane sends a chunk of requests, so that a slow moment of the machine hits all."""

import statistics
import sys
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from selectors import EVENT_READ, DefaultSelector
from time import perf_counter

from benchmarks.load.client import PATIENCE, Address, Answer, Connection

Ask = Callable[[int], bytes]
"""Returns the request of a number; numbers count from 0 over all rounds."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One server with one kind of request."""

    name: str
    address: Address
    ask: Ask
    wanted: Container[int] = (200,)
    """The statuses of success."""
    rounds: int = sys.maxsize
    """It takes part in so many rounds at most."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is sent: a chunk ends with its requests or its seconds, whichever comes first."""

    rounds: int = 20
    requests: int = 300
    seconds: float = 0.08
    connections: int = 1


@dataclass(frozen=True, slots=True)
class Chunk:
    """What came of some requests in a round."""

    latencies: Sequence[float]
    seconds: float
    connections: int
    failures: int = 0


Answers = list[tuple[int, Answer]]
"""Answers by the numbers of their requests."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a lane did."""

    rates: tuple[float, ...]
    """Requests a second in each round."""
    p50_ms: float
    p99_ms: float
    requests: int
    failures: int = 0
    p50s_ms: tuple[float, ...] = ()
    """The median of each round, where one request followed the other: a stall of the machine does not change it."""

    @property
    def rate(self) -> float:
        """Requests a second, the median of the rounds."""
        return statistics.median(self.rates)

    def ratio(self, other: "Figures") -> float:
        """Return how many times as fast this is: the median of the ratios within the rounds.

        They are those of the median times where both have them, else of what was done.
        """
        if self.p50s_ms and other.p50s_ms:
            return statistics.median(its / mine for mine, its in zip(self.p50s_ms, other.p50s_ms, strict=False))
        return statistics.median(mine / its for mine, its in zip(self.rates, other.rates, strict=False))


Outcome = Figures | str
"""What a lane did, or why there is nothing to tell."""


def interleave(lanes: Sequence[Lane], plan: Plan) -> dict[str, Outcome]:
    """Run all rounds; return the outcomes by the lanes' names. A lane whose connection breaks goes on no further."""
    chunks: dict[str, list[Chunk]] = {lane.name: [] for lane in lanes}
    sent = dict.fromkeys(chunks, 0)
    broken: dict[str, str] = {}
    for number in range(plan.rounds):
        for lane in lanes:
            if lane.name in broken or number >= lane.rounds:
                continue
            try:
                chunk, _ = run_chunk(lane, plan, sent[lane.name])
            except OSError as error:
                broken[lane.name] = f"no answer: {error}"
                continue
            sent[lane.name] += len(chunk.latencies)
            chunks[lane.name].append(chunk)
    return {name: broken.get(name) or figures(each) for name, each in chunks.items()}


def run_chunk(lane: Lane, plan: Plan, first: int = 0) -> tuple[Chunk, Answers]:
    """Send requests from the number `first` on; all are made before the clock starts.

    :raises OSError: a connection broke, or an answer did not come.
    """
    requests = [(number, lane.ask(number)) for number in range(first, first + plan.requests)]
    with ExitStack() as stack:
        connections = [stack.enter_context(Connection(lane.address)) for _ in range(plan.connections)]
        started = perf_counter()
        exchange = _one_by_one if len(connections) == 1 else _side_by_side
        exchanges = list(exchange(connections, _until(started + plan.seconds, requests)))
        seconds = perf_counter() - started
    answers = [(number, answer) for number, _, answer in exchanges]
    failures = sum(answer.status not in lane.wanted for _, answer in answers)
    return Chunk([latency for _, latency, _ in exchanges], seconds, plan.connections, failures), answers


def figures(chunks: Sequence[Chunk]) -> Figures:
    """Return what the chunks of a lane amount to."""
    latencies = sorted(latency for chunk in chunks for latency in chunk.latencies)
    return Figures(
        tuple(len(chunk.latencies) / chunk.seconds for chunk in chunks),
        statistics.median(latencies) * 1000,
        latencies[min(len(latencies) - 1, int(len(latencies) * 0.99))] * 1000,
        len(latencies),
        sum(chunk.failures for chunk in chunks),
        tuple(statistics.median(chunk.latencies) * 1000 for chunk in chunks if chunk.connections == 1),
    )


_Numbered = tuple[int, bytes]


def _until(end: float, requests: Sequence[_Numbered]) -> Iterator[_Numbered]:
    """Yield the requests until the time has come; the first in any case."""
    for request in requests:
        yield request
        if perf_counter() > end:
            return


def _one_by_one(
    connections: Sequence[Connection], requests: Iterator[_Numbered]
) -> Iterator[tuple[int, float, Answer]]:
    (connection,) = connections
    for number, request in requests:
        started = perf_counter()
        answer = connection.ask(request)
        yield number, perf_counter() - started, answer


def _side_by_side(
    connections: Sequence[Connection], requests: Iterator[_Numbered]
) -> Iterator[tuple[int, float, Answer]]:
    """Keep one request under way on each connection."""
    under_way: dict[Connection, tuple[int, float]] = {}

    def send(connection: Connection) -> None:
        number, request = next(requests, (None, b""))
        if number is not None:
            under_way[connection] = number, perf_counter()
            connection.send(request)

    with DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection, EVENT_READ, connection)
            send(connection)
        while under_way:
            ready = selector.select(PATIENCE)
            if not ready:
                raise TimeoutError("timed out")
            for key, _ in ready:
                connection = key.data
                answer = connection.receive()
                if answer is not None:
                    number, started = under_way.pop(connection)
                    yield number, perf_counter() - started, answer
                    send(connection)
