// Wraps and unwraps with the unmodified wrapper by which a vault unseals itself with Huawei Cloud's KMS, and shows that
// each of the two is refused where it should be.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"

	"github.com/hashicorp/go-kms-wrapping/wrappers/huaweicloudkms"
)

func configured(changed map[string]string) (*huaweicloudkms.Wrapper, error) {
	settings := map[string]string{
		"kms_key_id":        os.Getenv("KEY_ID"),
		"region":            os.Getenv("HW_REGION_NAME"),
		"project":           os.Getenv("HW_REGION_NAME"),
		"access_key":        os.Getenv("HW_ACCESS_KEY"),
		"secret_key":        os.Getenv("HW_SECRET_KEY"),
		"identity_endpoint": os.Getenv("CSMS_ENDPOINT") + "/v3",
	}
	for name, value := range changed {
		settings[name] = value
	}
	wrapper := huaweicloudkms.NewWrapper(nil)
	_, err := wrapper.SetConfig(settings)
	return wrapper, err
}

func run() error {
	ctx := context.Background()
	wrapper, err := configured(nil)
	if err != nil {
		return fmt.Errorf("the wrapper does not find the service: %w", err)
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	wrapped, err := wrapper.Encrypt(ctx, secret, nil)
	if err != nil {
		return fmt.Errorf("wrap: %w", err)
	}
	again, err := configured(nil)
	if err != nil {
		return err
	}
	plain, err := again.Decrypt(ctx, wrapped, nil)
	if err != nil {
		return fmt.Errorf("unwrap: %w", err)
	}
	if !bytes.Equal(plain, secret) {
		return fmt.Errorf("what was unwrapped is not what was wrapped")
	}
	wrapped.KeyInfo.WrappedKey[len(wrapped.KeyInfo.WrappedKey)/2] ^= 1
	if _, err := again.Decrypt(ctx, wrapped, nil); err == nil {
		return fmt.Errorf("a changed key was unwrapped")
	}
	if _, err := configured(map[string]string{"secret_key": "another"}); err == nil {
		return fmt.Errorf("a wrong secret key was accepted")
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("the KMS wrapper wraps and unwraps: ok")
}
