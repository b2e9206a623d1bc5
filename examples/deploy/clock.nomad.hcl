# The clock on Nomad, with a Consul agent on every client: two allocations, one of which calls the time.
# The token comes from a Nomad variable that you make once:
#   nomad var put nomad/jobs/clock consul_token=@PATH

job "clock" {
  type = "service"

  # a new allocation stands by, and is ready for that, before an old one is stopped
  update {
    max_parallel     = 1
    canary           = 1
    auto_promote     = true
    auto_revert      = true
    health_check     = "checks"
    min_healthy_time = "5s"
    healthy_deadline = "2m"
  }

  group "clock" {
    # one leads, one stands by
    count = 2

    # a machine that dies takes the leader or the standby, and not both
    constraint {
      distinct_hosts = true
    }

    network {
      port "health" {}
    }

    service {
      name     = "clock"
      port     = "health"
      provider = "consul"

      check {
        name     = "ready"
        type     = "http"
        path     = "/readyz"
        interval = "5s"
        timeout  = "2s"
      }

      # only a restart helps
      check {
        name      = "live"
        type      = "http"
        path      = "/livez"
        interval  = "10s"
        timeout   = "2s"
        on_update = "ignore"

        check_restart {
          limit = 3
          grace = "30s"
        }
      }
    }

    task "clock" {
      driver = "docker"

      config {
        image        = "clock:0.1.0"
        network_mode = "host"
        cap_drop     = ["all"]
      }

      # above the longest `drain` of its jobs, 10 s by default, and 5 s for Consul to answer;
      # a client's own max_kill_timeout is 30 s
      kill_signal  = "SIGTERM"
      kill_timeout = "30s"

      template {
        destination = "${NOMAD_SECRETS_DIR}/consul-token"
        data        = "{{ with nomadVar \"nomad/jobs/clock\" }}{{ .consul_token }}{{ end }}"
        perms       = "0400"
        uid         = 65532
        # the file is read again when it changes
        change_mode = "noop"
      }

      env {
        LEADER_NODE            = "${node.unique.name}/${NOMAD_SHORT_ALLOC_ID}"
        LEADER_HEALTH          = "${NOMAD_ADDR_health}"
        CONSUL_HTTP_ADDR       = "127.0.0.1:8500"
        CONSUL_HTTP_TOKEN_FILE = "${NOMAD_SECRETS_DIR}/consul-token"
      }

      resources {
        cpu    = 100
        memory = 128
      }
    }
  }
}
