module csms-server/test/clients/go-kms-wrapping

go 1.21

require github.com/hashicorp/go-kms-wrapping v0.7.0

require (
	github.com/fatih/color v1.7.0 // indirect
	github.com/golang/protobuf v1.4.2 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.1 // indirect
	github.com/hashicorp/go-hclog v0.16.2 // indirect
	github.com/hashicorp/go-uuid v1.0.2 // indirect
	github.com/huaweicloud/golangsdk v0.0.0-20200304081349-45ec0797f2a4 // indirect
	github.com/mattn/go-colorable v0.1.6 // indirect
	github.com/mattn/go-isatty v0.0.12 // indirect
	golang.org/x/sys v0.0.0-20200602225109-6fdc65e7d980 // indirect
	google.golang.org/protobuf v1.25.0 // indirect
)
