# Ingestor from Terraform: the stack of template.yaml, as `sam package` leaves it, with Terraform's own variables around it.
# README.md beside this file says how the artefact is made.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0, < 7.0"
    }
  }
}

variable "name" {
  description = "The stack's name; `ingestor --stack` takes it."
  type        = string
  default     = "ingestor"
}

variable "template_url" {
  description = "The https address of the packaged template in S3."
  type        = string
}

variable "db_secret_arn" {
  description = "A secret in Secrets Manager, in the shape that RDS writes."
  type        = string
}

variable "existing_bucket_name" {
  description = "A bucket that is already there; empty: the stack makes one."
  type        = string
  default     = ""
}

variable "vpc_subnet_ids" {
  description = "The subnets of the functions, where the database is in a VPC."
  type        = list(string)
  default     = []
}

variable "vpc_security_group_ids" {
  description = "Security groups that the database lets in."
  type        = list(string)
  default     = []
}

resource "aws_cloudformation_stack" "ingestor" {
  name         = var.name
  template_url = var.template_url
  capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]

  parameters = {
    DbSecretArn         = var.db_secret_arn
    ExistingBucketName  = var.existing_bucket_name
    VpcSubnetIds        = join(",", var.vpc_subnet_ids)
    VpcSecurityGroupIds = join(",", var.vpc_security_group_ids)
  }
}

output "outputs" {
  description = "The bucket, the queues and the functions, under the names of template.yaml's outputs."
  value       = aws_cloudformation_stack.ingestor.outputs
}
