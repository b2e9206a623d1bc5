# For Consul up to 1.10. Newer ones read agent.hcl.
server    = true
bootstrap = true
log_level = "TRACE"

acl {
  enabled        = true
  default_policy = "allow"

  tokens {
    master = "2b5c1f0e-6d0c-4b1e-9a51-3f1d8f0c7a42"
  }
}
