# For Consul from 1.11 on. Older ones read agent-1.8.hcl.
server    = true
bootstrap = true
log_level = "TRACE"

acl {
  enabled        = true
  default_policy = "allow"

  tokens {
    initial_management = "2b5c1f0e-6d0c-4b1e-9a51-3f1d8f0c7a42"
  }
}
