# Copyright: (c) 2026, caas.zun contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Through ansible-playbook itself, inside of it and shipped by it: group defaults, check mode, diff and output."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tasks import play

SECRET, CONTENT = "playbook-Secret-0815", "the key is\nfile-Secret-4711\n"

PLAY = """
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/caas.zun.all:
      execute: {execute}
      backend: docker
      docker_host: unix:///var/run/docker.sock
      cloud: prod
      region_name: one
      auth: {{password: cloud-Secret-99, auth_url: "https://cloud.invalid"}}
  tasks:
    - caas.zun.container_volume:
        name: "{name}"
        labels: {{team: web}}
    - caas.zun.appcontainer:
        name: "{name}"
        image: "{image}"
        command: "{command}"
        memory: 32M
        environment: {{MODE: production}}
        secret_environment: {{PASS: "{{{{ password }}}}"}}
        restart_policy: no
        mounts:
          - {{volume: "{name}", destination: /data}}
          - {{destination: /etc/app.conf, content: "{{{{ content }}}}", mode: "0600"}}
      register: made
    - caas.zun.appcontainer_info:
        name: "{name}"
      register: seen
    - caas.zun.container_volume_info:
        name: "{name}"
      register: volumes
    - ansible.builtin.copy:
        dest: "{result}"
        content: "{{{{ {{'made': made, 'seen': seen, 'volumes': volumes}} | to_json }}}}"
        mode: "0600"
      check_mode: false
      diff: false
      changed_when: false
"""


@pytest.fixture(params=["controller", "target"])
def playbook(tmp_path: Path, image: str, name: str, request: pytest.FixtureRequest):
    def run(*flags: str, command: str = "sleep 100000", secret: str = SECRET, succeeds: bool = True):
        result = tmp_path / "result.json"
        result.unlink(missing_ok=True)
        content = PLAY.format(name=name, image=image, command=command, result=result, execute=request.param)
        variables = tmp_path / "variables.json"
        variables.write_text(json.dumps({"password": secret, "content": CONTENT}))
        output = play(tmp_path, content, "-e", f"@{variables}", *flags, succeeds=succeeds)
        for hidden in (SECRET, "second-Secret-1234", "file-Secret-4711", "cloud-Secret-99"):
            assert hidden not in output
        return output, json.loads(result.read_text()) if result.exists() else None

    return run


def test_play(playbook, engine, inspect, name) -> None:
    # Check mode does not make the volume, and without it the container would be refused.
    engine.create_volume(name, labels={"team": "web"})
    output, dummy = playbook("--check", "--diff")
    assert "changed=1" in output
    assert inspect(name) is None

    output, result = playbook("--diff", "-vvv")
    assert "changed=" in output
    assert "+PASS" not in output
    made = inspect(name)
    assert result["made"]["container"]["id"] == made["Id"]
    assert result["seen"]["containers"][0]["id"] == made["Id"]
    assert result["volumes"]["volumes"][0]["labels"] == {"team": "web"}
    assert f"PASS={SECRET}" in made["Config"]["Env"]
    assert made["HostConfig"]["RestartPolicy"]["Name"] == "no"

    dummy, result = playbook("--diff")
    assert not result["made"]["changed"]

    output, result = playbook("--diff", "-vvv", secret="second-Secret-1234")
    assert result["made"]["containers"][0]["action"] == "recreated"
    assert "(secret changed)" in output
    assert "PASS=second-Secret-1234" in inspect(name)["Config"]["Env"]


def test_failing_play(playbook, inspect, name) -> None:
    output, dummy = playbook("-vvv", command="sh -c 'echo told $PASS; cat /etc/app.conf; exit 3'", succeeds=False)
    assert "ended with exit code 3" in output
    assert "told (secret)" in output or "told ****" in output
    assert inspect(name) is None


def test_end_with_success_warns(playbook) -> None:
    output, dummy = playbook(command="true")
    assert "ended by itself, with exit code 0" in " ".join(output.split())
