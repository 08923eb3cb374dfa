// A vCenter that is not ours: govmomi's simulator, with what it lacks by
// default so that a client of datastores has something to talk to.
package main

import (
	"fmt"
	"io"
	"log"
	"net/url"
	"os"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

func main() {
	model := simulator.VPX()
	model.Host = 0
	model.ClusterHost = 2
	model.Datastore = 2
	model.Machine = 0
	if err := model.Create(); err != nil {
		log.Fatal(err)
	}
	for _, entity := range simulator.Map.All("Datastore") {
		complete(entity.(*simulator.Datastore))
	}
	// Without these it lets in whoever gives any name and password.
	model.Service.Listen = &url.URL{
		Host: "127.0.0.1:0",
		User: url.UserPassword("user", "pass"),
	}
	server := model.Service.NewServer()
	fmt.Println(server.URL.Port())
	// It ends with whoever holds the other end, killed or not.
	io.Copy(io.Discard, os.Stdin)
	server.Close()
	model.Remove()
}

// By default a datastore's type is OTHER, which Nova ignores, and only the
// host that was made last mounts it.
func complete(store *simulator.Datastore) {
	shared := true
	store.Summary.Type = "VMFS"
	store.Summary.MultipleHostAccess = &shared
	store.Host = nil
	for _, host := range simulator.Map.All("HostSystem") {
		store.Host = append(store.Host, types.DatastoreHostMount{
			Key: host.Reference(),
			MountInfo: types.HostMountInfo{
				AccessMode: string(types.HostMountModeReadWrite),
				Mounted:    &shared,
				Accessible: &shared,
			},
		})
	}
}
