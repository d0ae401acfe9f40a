"""What of the host's network settings a build gets, and what is hidden."""

from pathlib import Path

from sandboxes.hostnet import BUILD_FOLDER, BuildNetwork, host_network


def test_indexes_reach_pip_and_uv_and_local_ones_stay(tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nindex-url = https://one.invalid/simple\n"
        "extra-index-url =\n    file:///srv/simple\n    https://two.invalid/simple\n"
        "find-links = /srv/wheels\ncert = /nowhere\n"
    )
    environ = {"HOME": str(tmp_path), "PIP_CONFIG_FILE": str(config)}
    found = host_network(environ).environment
    assert found["PIP_INDEX_URL"] == found["UV_DEFAULT_INDEX"] == "https://one.invalid/simple"
    assert found["PIP_EXTRA_INDEX_URL"] == found["UV_INDEX"] == "https://two.invalid/simple"
    assert "/srv" not in str(found)
    environ |= {
        "PIP_INDEX_URL": "https://three.invalid/simple",
        "UV_INDEX": "x=https://four.invalid",
    }
    found = host_network(environ).environment
    assert found["PIP_INDEX_URL"] == "https://three.invalid/simple"
    assert found["UV_INDEX"] == "x=https://four.invalid"


def test_uvs_own_files(tmp_path: Path) -> None:
    (tmp_path / "uv").mkdir()
    (tmp_path / "uv/uv.toml").write_text(
        '[[index]]\nurl = "https://a.invalid"\ndefault = true\n[[index]]\nurl = "https://b.invalid"\n'
    )
    found = host_network({"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}).environment
    assert (found["UV_DEFAULT_INDEX"], found["UV_INDEX"]) == (
        "https://a.invalid",
        "https://b.invalid",
    )


def test_nothing_else_of_the_environment_goes_along(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "AWS_SECRET": "x", "UV_CACHE_DIR": "/x", "PIP_TARGET": "/x"}
    found = host_network(environ)
    certificates = {name for name in found.environment if name.endswith(("CERT", "FILE", "BUNDLE"))}
    assert set(found.environment) - certificates - {"GIT_SSL_CAINFO"} <= {
        "PIP_INDEX_URL",  # from the machine's own files
        "PIP_EXTRA_INDEX_URL",
        "PIP_TRUSTED_HOST",
        "UV_DEFAULT_INDEX",
        "UV_INDEX",
        "UV_INSECURE_HOST",
    }
    assert all(found.environment[name].startswith(BUILD_FOLDER) for name in certificates)


def test_the_certificates_are_the_named_ones(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(b"certificates")
    found = host_network({"HOME": str(tmp_path), "SSL_CERT_FILE": str(bundle)})
    assert found.ca_bundle == b"certificates"
    missing = host_network({"HOME": str(tmp_path), "SSL_CERT_FILE": "/nowhere"})
    assert missing.ca_bundle != b"certificates"


def test_passwords_are_hidden(tmp_path: Path) -> None:
    environ = {
        "HOME": str(tmp_path),
        "PIP_INDEX_URL": "https://user:pass%2Fword@one.invalid/simple",
        "HTTPS_PROXY": "http://me:hunter22@127.0.0.1:8080",
        "UV_INDEX_PRIVATE_PASSWORD": "tokentoken",
    }
    network = host_network(environ)
    assert network.loopback
    text = network.mask(
        "see https://user:pass%2Fword@one.invalid, pass/word, hunter22, tokentoken,"
        " git+https://other:else@two.invalid/x and mail@three.invalid"
    )
    assert text == (
        "see https://****@one.invalid, ****, ****, ****,"
        " git+https://****@two.invalid/x and mail@three.invalid"
    )
    assert network.environment["https_proxy"] == network.environment["HTTPS_PROXY"]


def test_sources_of_another_suite() -> None:
    network = BuildNetwork(
        {},
        apt_suite="one",
        apt_sources=(
            "deb http://mirror.invalid/one one main",
            "deb http://mirror.invalid/x one-security main",
        ),
    )
    assert network.apt_sources_for("two") == (
        "deb http://mirror.invalid/one two main",
        "deb http://mirror.invalid/x two-security main",
    )
    assert BuildNetwork({}).apt_sources_for("two") == ()
