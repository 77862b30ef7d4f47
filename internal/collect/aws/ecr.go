package aws

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

const ecrRepositoryKind inventory.Kind = "aws.ecr.repository"

// ecrService reads what the registry of an account and region says of the
// images that run somewhere: never the rest, of which there may be millions.
// It asks DescribeImages rather than the registry, which would count as a pull.
var ecrService = service{
	name:           "ecr",
	readsInventory: true,

	kinds: []inventory.Kind{ecrRepositoryKind},
	calls: []collect.Call{
		{Action: "ecr:DescribeRepositories", Class: "ecr/describe"},
		{Action: "ecr:DescribeImages", Class: "ecr/describe"},
		{Action: "ecr:BatchGetImage", Class: "ecr/batch-get-image", Optional: true},
		// The scanner pulls with these; the collector does not.
		{Action: "ecr:GetAuthorizationToken", Class: "ecr/authorization", Optional: true},
		{Action: "ecr:BatchCheckLayerAvailability", Optional: true},
		{Action: "ecr:GetDownloadUrlForLayer", Optional: true},
	},
	collect: collectECR,
}

// ecrRepository is the attributes of aws.ecr.repository; the UID is its ARN.
type ecrRepository struct {
	URI           string `json:"uri"`
	TagMutability string `json:"tag_mutability,omitempty"`
	ScanOnPush    bool   `json:"scan_on_push"`
	Encryption    string `json:"encryption,omitempty"`
}

// ecrBatch is the most that ECR takes in one call.
const ecrBatch = 100

// imageID is a tag or a digest in a repository.
type imageID struct {
	tag, digest string
}

// ecrReader reads the registry of one account and region.
type ecrReader struct {
	*session
	client *ecr.Client
	out    collect.Sink
}

func collectECR(ctx context.Context, s *session, out collect.Sink) error {
	r := &ecrReader{s, ecr.NewFromConfig(s.config), out}
	described := map[string]bool{}
	for _, host := range registryHosts(s.Account, s.Region) {
		running := map[string]map[imageID]bool{}
		for i, err := range s.Known.RunningImages(ctx, host) {
			if err != nil {
				return fmt.Errorf("running images of %s: %w", host, err)
			}
			ids := running[i.Repository]
			if ids == nil {
				ids = map[imageID]bool{}
				running[i.Repository] = ids
			}
			if i.Tag != "" {
				ids[imageID{tag: i.Tag}] = true
			}
			if i.Digest != "" {
				ids[imageID{digest: i.Digest}] = true
			}
		}
		if err := r.read(ctx, host, running, described); err != nil {
			return err
		}
	}
	return nil
}

// read emits the repositories and the images that run of one host. The hosts
// of a registry share their repositories; described holds those emitted.
func (r *ecrReader) read(ctx context.Context, host string, running map[string]map[imageID]bool, described map[string]bool) error {
	names := slices.Sorted(maps.Keys(running))
	fresh := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return described[name] })
	for batch := range slices.Chunk(fresh, ecrBatch) {
		if err := r.repositories(ctx, batch); err != nil {
			return err
		}
	}
	for _, name := range names {
		described[name] = true
		ids := slices.SortedFunc(maps.Keys(running[name]), func(a, b imageID) int {
			return cmp.Or(cmp.Compare(a.tag, b.tag), cmp.Compare(a.digest, b.digest))
		})
		images := map[string]types.ImageDetail{}
		for batch := range slices.Chunk(ids, ecrBatch) {
			if err := r.describe(ctx, name, batch, images); err != nil {
				return err
			}
		}
		if err := r.emit(ctx, host, name, images); err != nil {
			return err
		}
	}
	return nil
}

// repositories emits the named repositories. ECR refuses all for one that it
// does not have, so those are asked for in halves until it is found.
func (r *ecrReader) repositories(ctx context.Context, names []string) error {
	found, err := r.client.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: names})
	if isError[*types.RepositoryNotFoundException](err) {
		return halves(names, func(part []string) error { return r.repositories(ctx, part) })
	}
	if err != nil {
		return err
	}
	for _, v := range found.Repositories {
		attrs := ecrRepository{URI: aws.ToString(v.RepositoryUri), TagMutability: string(v.ImageTagMutability)}
		if v.ImageScanningConfiguration != nil {
			attrs.ScanOnPush = v.ImageScanningConfiguration.ScanOnPush
		}
		if v.EncryptionConfiguration != nil {
			attrs.Encryption = string(v.EncryptionConfiguration.EncryptionType)
		}
		if err := emitResource(r.out, ecrRepositoryKind, aws.ToString(v.RepositoryArn), aws.ToString(v.RepositoryName), attrs); err != nil {
			return err
		}
	}
	return nil
}

// describe adds the images with the given tags and digests, by digest. Those
// that ECR does not have any more are left out.
func (r *ecrReader) describe(ctx context.Context, repository string, ids []imageID, images map[string]types.ImageDetail) error {
	in := &ecr.DescribeImagesInput{RepositoryName: &repository}
	for _, id := range ids {
		v := types.ImageIdentifier{}
		if id.tag != "" {
			v.ImageTag = &id.tag
		} else {
			v.ImageDigest = &id.digest
		}
		in.ImageIds = append(in.ImageIds, v)
	}
	found, err := r.client.DescribeImages(ctx, in)
	switch {
	case isError[*types.RepositoryNotFoundException](err):
		return nil
	case isError[*types.ImageNotFoundException](err):
		return halves(ids, func(part []imageID) error { return r.describe(ctx, repository, part, images) })
	case err != nil:
		return err
	}
	for _, d := range found.ImageDetails {
		images[aws.ToString(d.ImageDigest)] = d
	}
	return nil
}

// halves calls f with each half of all; a single thing has no halves.
func halves[T any](all []T, f func([]T) error) error {
	if len(all) < 2 {
		return nil
	}
	if err := f(all[:len(all)/2]); err != nil {
		return err
	}
	return f(all[len(all)/2:])
}

// emit emits the images of a repository.
func (r *ecrReader) emit(ctx context.Context, host, repository string, images map[string]types.ImageDetail) error {
	indexes, err := r.indexes(ctx, repository, images)
	if err != nil {
		return err
	}
	for digest, d := range images {
		err := r.out.Emit(inventory.RepositoryImage{
			Repository: host + "/" + repository, Digest: digest, Tags: distinct(d.ImageTags),
			MediaType: aws.ToString(d.ImageManifestMediaType),
			PushedAt:  aws.ToTime(d.ImagePushedAt).UTC(), PulledAt: aws.ToTime(d.LastRecordedPullTime).UTC(),
			Size: aws.ToInt64(d.ImageSizeInBytes), Manifests: indexes[digest],
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// indexTypes are the media types of image indexes.
var indexTypes = []string{
	"application/vnd.oci.image.index.v1+json",
	"application/vnd.docker.distribution.manifest.list.v2+json",
}

// indexes returns the platform manifests of the images that are indexes. They
// never change, so each is read once.
func (r *ecrReader) indexes(ctx context.Context, repository string, images map[string]types.ImageDetail) (map[string][]inventory.PlatformManifest, error) {
	found := map[string][]inventory.PlatformManifest{}
	var missing []types.ImageIdentifier
	for _, digest := range slices.Sorted(maps.Keys(images)) {
		if !slices.Contains(indexTypes, aws.ToString(images[digest].ImageManifestMediaType)) {
			continue
		}
		if manifests, ok := r.cloud.indexes.get(digest); ok {
			found[digest] = manifests
			continue
		}
		missing = append(missing, types.ImageIdentifier{ImageDigest: &digest})
	}
	for batch := range slices.Chunk(missing, ecrBatch) {
		got, err := r.client.BatchGetImage(ctx, &ecr.BatchGetImageInput{
			RepositoryName: &repository, ImageIds: batch, AcceptedMediaTypes: indexTypes,
		})
		switch {
		case r.optional(ctx, err), isError[*types.RepositoryNotFoundException](err):
			return found, nil
		case err != nil:
			return nil, err
		}
		for _, i := range got.Images {
			if i.ImageId == nil {
				continue
			}
			digest := aws.ToString(i.ImageId.ImageDigest)
			manifests, err := parseIndex([]byte(aws.ToString(i.ImageManifest)))
			if err != nil {
				return nil, fmt.Errorf("index %s@%s: %w", repository, digest, err)
			}
			found[digest] = manifests
			r.cloud.indexes.add(strings.Clone(digest), manifests) // Else the key keeps the answer.
		}
	}
	return found, nil
}

// parseIndex returns the platform manifests of an image index. Attestations,
// whose platform is unknown/unknown, are no images.
func parseIndex(data []byte) ([]inventory.PlatformManifest, error) {
	var index struct {
		Manifests []struct {
			Digest   string `json:"digest"`
			Platform struct {
				OS           string `json:"os"`
				Architecture string `json:"architecture"`
				Variant      string `json:"variant"`
			} `json:"platform"`
		} `json:"manifests"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, err
	}
	if len(index.Manifests) == 0 {
		return nil, errors.New("lists no manifests")
	}
	var manifests []inventory.PlatformManifest
	for _, m := range index.Manifests {
		if m.Platform.OS == "unknown" {
			continue
		}
		manifests = append(manifests, inventory.PlatformManifest{
			Digest: m.Digest, OS: m.Platform.OS, Architecture: m.Platform.Architecture, Variant: m.Platform.Variant,
		})
	}
	return manifests, nil
}

// registryHosts returns the names under which an account's registry in a
// region is reached. See
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html
func registryHosts(account, region string) []string {
	suffix := "amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		suffix = "amazonaws.com.cn"
	}
	return []string{
		account + ".dkr.ecr." + region + "." + suffix,
		account + ".dkr.ecr-fips." + region + "." + suffix,
		account + ".dkr-ecr." + region + ".on.aws",
		account + ".dkr-ecr-fips." + region + ".on.aws",
	}
}
