// Holds the lock of Consul's official client for as long as it may, and tells when it has it (`lock`), when that client
// says that it is gone (`lost`), and when it was given back (`unlocked`), on SIGTERM, which ends it.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hashicorp/consul/api"
)

func main() {
	options := api.LockOptions{}
	flag.StringVar(&options.Key, "key", "", "the key to lock")
	flag.StringVar(&options.SessionTTL, "ttl", "", "the session's TTL, where it is not to be the client's default")
	flag.DurationVar(&options.LockDelay, "delay", 0, "the lock delay, where it is not to be the client's default")
	flag.Parse()

	client, err := api.NewClient(api.DefaultConfig())
	check(err)
	term, stop := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(term, syscall.SIGTERM)
	go func() { <-term; close(stop) }()
	for {
		lock, err := client.LockOpts(&options)
		check(err)
		lost, err := lock.Lock(stop)
		check(err)
		if lost == nil {
			return // stopped while it waited
		}
		say("lock")
		select {
		case <-lost:
			say("lost")
			check(lock.Unlock()) // gives back nothing, and ends its session
		case <-stop:
			check(lock.Unlock())
			say("unlocked")
			return
		}
	}
}

func say(what string) {
	fmt.Println(what, time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
