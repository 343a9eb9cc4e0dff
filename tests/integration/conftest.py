"""Web processes whose way to MongoDB is watched: what reading costs is counted on the way, not by our own programs."""
import pytest

from support.tcp_proxy import MongoProxy


@pytest.fixture(scope="module")
def nothing_left(stack):
    """The users that a module's tests made go again, whether a slot has counted them or not."""
    yield
    stack.idle()
    stack.fresh()


@pytest.fixture(scope="module")
def proxy(stack):
    """In front of MongoDB, counting commands."""
    with MongoProxy(("127.0.0.1", int(stack.ports["HEADCOUNT_MONGODB_PORT"]))) as one:
        yield one


@pytest.fixture(scope="module")
def watched(stack, proxy):
    """Two web processes whose every MongoDB command goes through the proxy; the consumer has another way."""
    stack.idle()
    env = {"APP_MONGODB_CONNECTION_STRING": f"mongodb://127.0.0.1:{proxy.port}/headcount?retryWrites=false",
           "APP_LOG_LEVEL": "debug"}
    with stack.beside(env=env, fcgi=2) as one:
        one.http.get("/v1/counts")
        yield one
